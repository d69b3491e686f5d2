package io.sparkformer.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Why something failed, for a message of one line. */
final class ReasonTest {

  @Test
  void itIsTheMessagesFirstLineOrTheFailuresName() {
    assertThat(Reason.of(new IOException(" No space left on device\n\tat x")))
        .isEqualTo("No space left on device");
    assertThat(Reason.of(new IOException())).isEqualTo("IOException");
    assertThat(Reason.of(new IOException(""))).isEqualTo("IOException");
  }

  @Test
  void causesEndWithTheRootThoughTheyGoInACircle() {
    IOException root = new IOException("root");
    RuntimeException outer = new IllegalStateException("outer", root);
    root.initCause(outer);

    assertThat(Reason.causesOf(outer)).containsExactly(outer, root);
  }
}
