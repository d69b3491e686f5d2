package io.sparkformer.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.jobs.ShownProgress;
import org.junit.jupiter.api.Test;

/** What is shown of a job's progress where there is no terminal. */
class ProgressTest {

  @Test
  void workThatIsDoneIsShownWholeOnce() {
    try (ShownProgress shown = ShownProgress.watch()) {
      try (Progress progress = Progress.start("read", "kB", 50)) {
        progress.stepTo(10, "3 rows");
        progress.complete("9 rows"); // such as of a table of which one column was read
      }
      assertThat(shown.of("read").stream().filter(line -> line.contains("100%")))
          .containsExactly("read: 100% (50 of 50 kB) 9 rows");
    }
  }

  @Test
  void workThatEndsBeforeItsLimitIsWholeToo() {
    try (ShownProgress shown = ShownProgress.watch()) {
      try (Progress progress = Progress.start("train", "steps", 100)) {
        progress.stepTo(40, "loss 2");
        progress.complete(41, "loss 2");
      }
      assertThat(shown.of("train")).last().isEqualTo("train: 100% (41 of 41 steps) loss 2");
    }
  }

  @Test
  void workThatFailsIsShownAsFarAsItCame() {
    try (ShownProgress shown = ShownProgress.watch()) {
      try (Progress progress = Progress.start("read", "kB", 50)) {
        progress.stepTo(10, "3 rows");
      }
      assertThat(shown.of("read")).last().isEqualTo("read: 20% (10 of 50 kB) 3 rows");
    }
  }
}
