package io.sparkformer.jobs.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeatMapTest {

  @ParameterizedTest
  @CsvSource({"1,1", "3,3", "12,12", "16,7", "1,100", "300,300", "1024,1024", "2500,3", "3,2500"})
  void picturesOfEverySizeStayWithinTwoThousandPixels(int rows, int columns) throws IOException {
    BufferedImage picture =
        picture(
            new HeatMap(
                "Attention",
                "token",
                "attends to",
                Collections.nCopies(rows, "a long name of a row, much too long"),
                Collections.nCopies(columns, "a long name of a column, too long"),
                new float[rows][columns]));
    assertThat(picture.getWidth()).isBetween(100, 2000);
    assertThat(picture.getHeight()).isBetween(100, 2000);
  }

  @Test
  void cellsHaveTheColoursOfTheirNumbers() throws IOException {
    float[][] values = {{0, 1}, {0.5f, Float.NaN}};
    HeatMap map = new HeatMap("t", "r", "c", List.of("a", "b"), List.of("a", "b"), values);
    ColourScale scale = ColourScale.of(values);
    BufferedImage picture = picture(map);
    for (float[] row : values) {
      for (float value : row) {
        assertThat(pixels(picture, scale.rgb(value))).as("cell of %s", value).isGreaterThan(2000);
      }
    }
  }

  @Test
  void oneStrongCellOfVeryManyStaysVisible() throws IOException {
    float[][] values = new float[3000][3000];
    values[2999][1234] = 1;
    List<String> labels = IntStream.range(0, 3000).mapToObj(Integer::toString).toList();
    BufferedImage picture = picture(new HeatMap("t", "r", "c", labels, labels, values));
    // The scale's upper end has the colour too, 16 pixels wide.
    assertThat(pixels(picture, ColourScale.of(values).rgb(1)) % 16).isNotZero();
  }

  @Test
  void scalesHoldZeroAndAreEvenWhereNumbersAreNegative() {
    assertThat(ColourScale.of(new float[][] {{0.25f, 0.5f}})).isEqualTo(new ColourScale(0, 0.5f));
    assertThat(ColourScale.of(new float[][] {{-3, 1}}))
        .isEqualTo(new ColourScale(-3, 3, ColourScale.Numbers.WHOLE));
    assertThat(ColourScale.of(new float[][] {{2, 12}}).text(2)).isEqualTo("2");
    assertThat(ColourScale.of(new float[][] {{0, Float.POSITIVE_INFINITY}}))
        .isEqualTo(new ColourScale(0, 1));
    assertThat(new ColourScale(0, 1).text(0.126f)).isEqualTo("0.13");
    assertThat(new ColourScale(0, 20).text(1.26f)).isEqualTo("1.3");
    assertThat(new ColourScale(0, 5000).text(1234)).isEqualTo("1234");
    assertThat(new ColourScale(0, 1e-3f).text(2e-4f)).isEqualTo("2.0e-04");
  }

  @Test
  void whatAFontCannotShowIsShownByItsCode() {
    VisibleText ascii = VisibleText.of(codePoint -> codePoint < 128);
    assertThat(ascii.of(" a\n\t\u4e2d\ud83d\ude80\u0000"))
        .isEqualTo("\u00b7a\\n\\tU+4E2DU+1F680U+0000");
    VisibleText everywhere = VisibleText.everywhere();
    assertThat(everywhere.of(" a\n\t\r\u4e2d\ud83d")).isEqualTo("␣a⏎⇥\\r\u4e2dU+D83D");
    assertThat(everywhere.shortened("abcdef", 6)).isEqualTo("abcdef");
    assertThat(everywhere.shortened("ab\ud83d\ude80def", 4)).isEqualTo("ab\ud83d\ude80…");
  }

  @Test
  void labelsThatDoNotFitTheMatrixAreRefused() {
    List<String> one = List.of("a");
    assertThatThrownBy(() -> new HeatMap("t", "r", "c", one, one, new float[2][1]))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("2 rows and 1 labels");
    assertThatThrownBy(() -> new HeatMap("t", "r", "c", one, one, new float[1][2]))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("2 values and 1 labels");
  }

  private static BufferedImage picture(HeatMap map) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(map.png()));
  }

  private static int pixels(BufferedImage picture, int rgb) {
    int found = 0;
    for (int x = 0; x < picture.getWidth(); x++) {
      for (int y = 0; y < picture.getHeight(); y++) {
        found += (picture.getRGB(x, y) & 0xffffff) == rgb ? 1 : 0;
      }
    }
    return found;
  }
}
