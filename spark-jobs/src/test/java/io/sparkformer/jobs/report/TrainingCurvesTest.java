package io.sparkformer.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.run.Metric;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingCurvesTest {

  private static final int CURVE = 0xB8C4D6;

  @TempDir Path directory;

  @Test
  void bothCurvesAreWritten() throws IOException {
    org.apache.hadoop.fs.Path run = new org.apache.hadoop.fs.Path(directory.toString());
    FileSystem files = Storage.fileSystem(run, new Configuration());
    new TrainingCurves(IntStream.range(1, 50).mapToObj(step -> trained(step, 2)).toList())
        .draw(files, run);

    for (String name : new String[] {"loss.png", "learning-rate.png"}) {
      assertThat(colours(ImageIO.read(directory.resolve(name).toFile()))).isGreaterThan(2);
    }
  }

  @Test
  void aRunThatDivergedOrDidNotStartIsDrawn() throws IOException {
    TrainingCurves diverged =
        new TrainingCurves(
            List.of(trained(1, 2), trained(2, Double.NaN), trained(3, Double.POSITIVE_INFINITY)));
    assertThat(picture(diverged.losses()).getWidth()).isEqualTo(960);
    assertThat(picture(new TrainingCurves(List.of()).losses()).getWidth()).isEqualTo(960);
    assertThat(picture(new TrainingCurves(List.of()).learningRates()).getWidth()).isEqualTo(960);
  }

  @Test
  void theLegendStandsBelowThePlotWhereNoCurveIs() throws IOException {
    List<Metric> metrics = IntStream.range(1, 50).mapToObj(step -> trained(step, step)).toList();
    BufferedImage drawn = picture(new TrainingCurves(metrics).losses());
    List<Integer> rows =
        IntStream.range(0, drawn.getHeight())
            .filter(
                y ->
                    IntStream.range(0, drawn.getWidth())
                        .anyMatch(x -> (drawn.getRGB(x, y) & 0xffffff) == CURVE))
            .boxed()
            .toList();

    // The curve rises to the upper right corner; a gap of axis numbers, then the legend's sample.
    assertThat(rows.get(0)).isLessThan(drawn.getHeight() / 5);
    assertThat(rows.get(rows.size() - 1)).isGreaterThan(drawn.getHeight() * 9 / 10);
    int gap =
        IntStream.range(1, rows.size()).map(i -> rows.get(i) - rows.get(i - 1)).max().orElseThrow();
    assertThat(gap).isGreaterThan(20);
  }

  private static Metric trained(long step, double loss) {
    return new Metric(
        Metric.Event.TRAIN,
        step,
        null,
        SplitName.TRAIN,
        loss,
        null,
        null,
        null,
        1e-4 / step,
        1.0,
        1e4,
        20.0,
        0);
  }

  private static BufferedImage picture(byte[] png) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(png));
  }

  private static long colours(BufferedImage picture) {
    return IntStream.range(0, picture.getWidth() * picture.getHeight())
        .map(i -> picture.getRGB(i % picture.getWidth(), i / picture.getWidth()))
        .distinct()
        .count();
  }
}
