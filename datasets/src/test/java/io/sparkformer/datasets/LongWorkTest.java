package io.sparkformer.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LongWorkTest {

  private final List<String> told = new ArrayList<>();

  @Test
  void workThatTakesLongSaysHowFarItIs() {
    LongWork work = new LongWork("opening /data", "files", 12, Duration.ZERO, told::add);
    work.at(3);
    work.at(4);
    assertThat(told)
        .containsExactly("opening /data: 3 of 12 files", "opening /data: 4 of 12 files");
  }

  @Test
  void workThatTakesLessSaysNothing() {
    LongWork work = new LongWork("opening /data", "files", 12, Duration.ofDays(1), told::add);
    work.at(12);
    assertThat(told).isEmpty();
  }
}
