package io.sparkformer.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparkformer.recipe.ScheduleConfig.Kind;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScheduleConfigTest {

  private static final Offset<Double> ROUNDING = within(1e-15);
  private static final double FULL = 0.01;
  private static final double MIN = 0.001;

  @ParameterizedTest
  @EnumSource(Kind.class)
  void warmUpRisesInEqualPartsToTheFullRateOfTheStepAfterIt(Kind kind) {
    ScheduleConfig schedule = new ScheduleConfig(kind, IntervalUnit.STEP, 4, 0, 0, MIN);

    for (int step = 0; step <= 4; step++) {
      assertThat(schedule.learningRate(step, 20, 0, FULL))
          .isCloseTo(FULL * (step + 1) / 5, ROUNDING);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void withoutWarmUpTheFirstStepHasTheFullRate(Kind kind) {
    assertThat(
            new ScheduleConfig(kind, IntervalUnit.STEP, 0, 0, 0, MIN).learningRate(0, 20, 0, FULL))
        .isCloseTo(FULL, ROUNDING);
  }

  @Test
  void constantStaysWhateverItsMinimumAndEnd() {
    ScheduleConfig schedule = new ScheduleConfig(Kind.CONSTANT, IntervalUnit.STEP, 2, 5, 0, MIN);

    assertThat(schedule.learningRate(2, 10, 0, FULL)).isEqualTo(FULL);
    assertThat(schedule.learningRate(9, 10, 0, FULL)).isEqualTo(FULL);
    assertThat(schedule.learningRate(1_000, 10, 0, FULL)).isEqualTo(FULL);
  }

  @Test
  void linearFallsEvenlyToTheMinimumAtTheRunsEnd() {
    ScheduleConfig schedule = new ScheduleConfig(Kind.LINEAR, IntervalUnit.STEP, 10, 0, 0, MIN);

    assertThat(schedule.learningRate(10, 20, 0, FULL)).isCloseTo(FULL, ROUNDING);
    assertThat(schedule.learningRate(15, 20, 0, FULL)).isCloseTo((FULL + MIN) / 2, ROUNDING);
    assertThat(schedule.learningRate(19, 20, 0, FULL))
        .isCloseTo(MIN + 0.1 * (FULL - MIN), ROUNDING);
    assertThat(schedule.learningRate(20, 20, 0, FULL)).isEqualTo(MIN);
  }

  @Test
  void cosineFallsSlowlyFastSlowlyToTheMinimum() {
    ScheduleConfig schedule = new ScheduleConfig(Kind.COSINE, IntervalUnit.STEP, 0, 0, 0, MIN);

    assertThat(schedule.learningRate(5, 20, 0, FULL))
        .isCloseTo(MIN + (FULL - MIN) * (1 + Math.sqrt(0.5)) / 2, ROUNDING);
    assertThat(schedule.learningRate(10, 20, 0, FULL)).isCloseTo((FULL + MIN) / 2, ROUNDING);
    assertThat(schedule.learningRate(15, 20, 0, FULL))
        .isCloseTo(MIN + (FULL - MIN) * (1 - Math.sqrt(0.5)) / 2, ROUNDING);
    assertThat(schedule.learningRate(20, 20, 0, FULL)).isEqualTo(MIN);
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"LINEAR", "COSINE"})
  void decayEndsAtItsOwnStepIfOneIsGivenAndTheMinimumHoldsFromThere(Kind kind) {
    ScheduleConfig schedule = new ScheduleConfig(kind, IntervalUnit.STEP, 2, 12, 0, MIN);

    assertThat(schedule.learningRate(7, 1_000, 0, FULL)).isCloseTo((FULL + MIN) / 2, ROUNDING);
    assertThat(schedule.learningRate(11, 1_000, 0, FULL)).isGreaterThan(MIN);
    assertThat(schedule.learningRate(12, 1_000, 0, FULL)).isEqualTo(MIN);
    assertThat(schedule.learningRate(999, 1_000, 0, FULL)).isEqualTo(MIN);
    // A run may end before its schedule does.
    assertThat(schedule.learningRate(7, 8, 0, FULL)).isCloseTo((FULL + MIN) / 2, ROUNDING);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aRunThatIsShorterThanItsWarmUpOnlyWarmsUp(Kind kind) {
    ScheduleConfig schedule = new ScheduleConfig(kind, IntervalUnit.STEP, 100, 0, 0, MIN);

    assertThat(schedule.learningRate(19, 20, 0, FULL)).isCloseTo(FULL * 20 / 101, ROUNDING);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void theRateIsNeverOutsideItsBounds(Kind kind) {
    ScheduleConfig schedule = new ScheduleConfig(kind, IntervalUnit.STEP, 7, 0, 0, MIN);

    for (long step = 0; step < 60; step++) {
      double rate = schedule.learningRate(step, 50, 0, FULL);
      assertThat(rate).as("step %d", step).isPositive().isLessThanOrEqualTo(FULL + 1e-15);
      if (step >= 7) {
        assertThat(rate).as("step %d", step).isGreaterThanOrEqualTo(MIN - 1e-15);
      }
    }
  }
}
