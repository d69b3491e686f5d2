package io.sparkformer.jobs.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class LabelOrderTest {

  @Test
  void wholeNumbersGoByTheirSizeAndStandBeforeOtherLabels() {
    assertThat(
            List.of("b", "10", "-3", "9", "", "11", "1.5", "+2", "a").stream()
                .sorted(LabelOrder.COMPARATOR))
        .containsExactly("-3", "+2", "9", "10", "11", "", "1.5", "a", "b");
  }

  @Test
  void twoWaysToWriteANumberAreTwoLabelsInAFixedOrder() {
    for (List<String> labels :
        List.of(
            List.of("1", "01", "001", "+1", "2", "02"),
            List.of("02", "+1", "2", "001", "1", "01"))) {
      TreeSet<String> sorted = new TreeSet<>(LabelOrder.COMPARATOR);
      sorted.addAll(labels);
      assertThat(sorted).containsExactly("+1", "001", "01", "1", "02", "2");
    }
  }

  @Test
  void moreDigitsThanALongHasAreANumberToo() {
    assertThat(
            List.of("100000000000000000000", "99999999999999999999", "7").stream()
                .sorted(LabelOrder.COMPARATOR))
        .containsExactly("7", "99999999999999999999", "100000000000000000000");
  }
}
