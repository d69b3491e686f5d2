package io.sparkformer.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.evaluation.ConfusionMatrix;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.evaluation.Showcase;
import io.sparkformer.evaluation.Showcase.GeneratedText;
import io.sparkformer.evaluation.Showcase.NextToken;
import io.sparkformer.evaluation.Showcase.PredictedText;
import io.sparkformer.jobs.ModelFixture;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.run.RunDirectory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class RunReportTest {

  private static final int TWO_MEGABYTES = 2 << 20;

  private static final RunDescription RUN =
      new RunDescription(
          "/data/a set", "sparkformer train & more", Instant.parse("2026-12-01T10:00:00Z"));

  @TempDir Path directory;

  @Test
  void aLanguageModelsRunIsOnOnePage() throws Exception {
    writeRun();
    new Showcase(
            40,
            List.of(new GeneratedText("The", " quick <b>fox</b>\n& co")),
            List.of(),
            "The quick",
            List.of(new NextToken(" brown\n", 0.75)),
            List.of("The", " quick"),
            weights(2, 2, 2))
        .write(run().fileSystem(), run().path());
    String page = report();

    assertThat(page)
        .contains(
            ">Training report: a run</h1>",
            "<title>a run: training report</title>",
            "Finished at step 40.",
            "<dt>data set</dt>\n<dd>/data/a set</dd>",
            "<dt>command</dt>\n<dd>sparkformer train &amp; more</dd>",
            "<dt>started</dt>\n<dd>2026-12-01 10:00:00 UTC</dd>",
            "<dt>version</dt>\n<dd>Sparkformer",
            "valid split: <b>2.1</b>",
            "<title>valid split: 1.9 at step 20</title>",
            "<td class=\"number\">2.1000</td>",
            "<dt>steps</dt>",
            "<dd>40</dd>",
            "<dd>2.1000 nats</dd>",
            "<dt>lowest valid loss</dt>\n<dd>1.9000 nats (step 20)</dd>",
            "<dt>parameters</dt>",
            "Samples",
            "Next token",
            "␣brown⏎",
            "Attention, layer 1, head 1",
            "embedding-dim: 16",
            "<span class=\"prompt\">The</span>")
        .doesNotContain("# run ", "Confusion", "Classification", "Predictions for examples");
    assertThat(pictures(page)).isEqualTo(4);
    assertThat(page.replace("http://www.w3.org/1999/xhtml", ""))
        .doesNotContain("http://", "https://", "<script", "src=\"/", "http-equiv");
  }

  @Test
  void aClassifiersRunShowsHowItErrs() throws Exception {
    writeRun();
    new EvaluationRecord(
            20,
            SplitName.VALID,
            0.5,
            0.8,
            new ConfusionMatrix(List.of("no", "yes"), new long[][] {{30, 10}, {10, 1250}}))
        .write(run().fileSystem(), run().best());
    new Showcase(
            20,
            List.of(),
            List.of(
                new PredictedText("a text", "yes", "no", 0.625),
                new PredictedText("another", "no", "no", 0.5)),
            "",
            List.of(),
            List.of(),
            new float[0][][][])
        .write(run().fileSystem(), run().path());
    String page = report();

    assertThat(page)
        .contains(
            "Classification",
            "1,300 examples",
            "Confusion matrix, valid split",
            "80.00 % (valid split)",
            ">1,250</td>",
            "background:#08306b;color:#fff",
            "macro average",
            "<tr class=\"wrong\"><td class=\"text\">a text</td>",
            ">0.625</td>")
        .doesNotContain("Samples", "Next token");
    assertThat(pictures(page)).isEqualTo(1);
  }

  @Test
  void anybodysTextStaysText() throws Exception {
    writeRun();
    String evil = "</pre><script>alert('1')</script>\u0000\ud83d\"]]>";
    new EvaluationRecord(
            20, SplitName.VALID, 0.5, 0.8, new ConfusionMatrix(List.of(evil), new long[][] {{3}}))
        .write(run().fileSystem(), run().best());
    new Showcase(
            40,
            List.of(new GeneratedText(evil, evil)),
            List.of(new PredictedText(evil, evil, evil, Double.NaN)),
            evil,
            List.of(new NextToken(evil, 1)),
            List.of(evil),
            weights(1, 1, 1))
        .write(run().fileSystem(), run().path());
    Files.writeString(
        directory.resolve("a run/recipe.yaml"), "# run 1\n" + evil.replace("\ud83d", ""));
    String page = report();

    assertThat(page).contains("&lt;script&gt;alert(&#39;1&#39;)").doesNotContain("<script");
    assertThat(parsed(page).getElementsByTagName("script").getLength()).isZero();
    assertThat(parsed(page).getElementsByTagName("pre").item(0).getTextContent())
        .startsWith("</pre><script>alert('1')</script>");
  }

  @Test
  void theLargestPageStaysUnderTwoMegabytes() throws Exception {
    writeRun();
    List<String> labels =
        IntStream.range(0, 1000).mapToObj(i -> "label \u4e2d\u6587 " + i).toList();
    Random random = new Random(1);
    long[][] counts = new long[1000][1000];
    for (long[] row : counts) {
      Arrays.setAll(row, i -> random.nextInt(1000));
    }
    new EvaluationRecord(20, SplitName.VALID, 0.5, 0.8, new ConfusionMatrix(labels, counts))
        .write(run().fileSystem(), run().best());
    String longText = "\u4e2d\ud83d\ude80<&".repeat(20_000);
    new Showcase(
            40,
            Collections.nCopies(3, new GeneratedText(longText, longText)),
            Collections.nCopies(12, new PredictedText(longText, longText, longText, 0.5)),
            longText,
            Collections.nCopies(1000, new NextToken(longText.substring(0, 500), 0.5)),
            Collections.nCopies(32, "a long token \u4e2d"),
            weights(12, 12, 32))
        .write(run().fileSystem(), run().path());
    Files.writeString(directory.resolve("a run/recipe.yaml"), "key: " + longText);

    assertThat(report().getBytes(StandardCharsets.UTF_8).length)
        .isBetween(TWO_MEGABYTES / 4, TWO_MEGABYTES);
  }

  @Test
  void whatIsMissingOrDamagedIsLeftOut() throws Exception {
    Files.createDirectories(directory.resolve("a run/best"));
    Files.writeString(directory.resolve("a run/metrics.jsonl"), "");
    Files.writeString(directory.resolve("a run/showcase.json"), "{");
    String page = report();
    assertThat(page)
        .contains(">Training report: a run</h1>", "<h2>Curves</h2>", "Nothing was measured yet")
        .doesNotContain("<h2>Recipe", "<h2>Attention");
  }

  @Test
  void aRunThatGoesOnSaysHowFarItIsAndIsLoadedAgain() throws Exception {
    writeRun();
    assertThat(report(new RunOutcome.Running(40, 160, OptionalLong.of(3_725))))
        .contains(
            "Running: step 40 of 160 (25 %), 1:02:05 h left.",
            "<progress max=\"160\" value=\"40\"", "<meta http-equiv=\"refresh\" content=\"10\"/>");
    assertThat(report(new RunOutcome.Running(1, 160, OptionalLong.empty())))
        .contains("Running: step 1 of 160 (0 %).");
  }

  @Test
  void aRunThatCameToNoGoodEndSaysWhyAndIsNotLoadedAgain() throws Exception {
    writeRun();
    assertThat(report(new RunOutcome.Interrupted(4, OptionalLong.empty())))
        .contains("Interrupted after step 4, before there was a checkpoint.");
    assertThat(report(new RunOutcome.Interrupted(40, OptionalLong.of(38))))
        .contains("Interrupted after step 40. The checkpoint of step 38 is kept")
        .doesNotContain("http-equiv", "<progress");
    assertThat(report(new RunOutcome.Diverged("the loss is NaN at step 7: lower it")))
        .contains("<p>Diverged: the loss is NaN at step 7: lower it</p>")
        .doesNotContain("http-equiv");
    assertThat(report(new RunOutcome.Failed("s3a://me:secret@bucket/x is gone")))
        .contains("<p>Failed: s3a://…@bucket/x is gone</p>")
        .doesNotContain("http-equiv", "secret");
    assertThat(report(new RunOutcome.Finished(40, true)))
        .contains("Finished at step 40: it was stopped early");
  }

  @Test
  void aReaderOfThePageMeetsNoHalfOfOne() throws Exception {
    writeRun();
    String first = report();
    Path page = directory.resolve("a run/report.html");
    try (InputStream reader = Files.newInputStream(page)) {
      assertThat(report(new RunOutcome.Running(40, 160, OptionalLong.empty()))).isNotEqualTo(first);
      // It goes on reading the one that it has opened.
      assertThat(new String(reader.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo(first);
    }
    try (Stream<Path> files = Files.list(directory.resolve("a run"))) {
      assertThat(files).noneMatch(file -> file.toString().contains(".writing"));
    }
  }

  private void writeRun() throws IOException {
    StringBuilder metrics = new StringBuilder();
    for (int step = 5; step <= 40; step += 5) {
      metrics.append(
          String.format(
              Locale.ROOT,
              "{\"event\":\"TRAIN\",\"step\":%d,\"split\":\"train\",\"loss\":%.3f,\"lr\":%.6f,"
                  + "\"tokens_per_second\":1000.0,\"time_seconds\":%d}%n",
              step,
              3 - step / 50.0,
              0.001 * Math.min(step / 10.0, 2 - step / 25.0),
              1_700_000_000 + step));
      if (step % 20 == 0) {
        metrics.append(
            String.format(
                Locale.ROOT,
                "{\"event\":\"EVALUATION\",\"step\":%d,\"split\":\"valid\",\"loss\":%.3f,\"time_seconds\":%d}%n",
                step,
                step == 20 ? 1.9 : 2.1,
                1_700_000_000 + step));
      }
    }
    Files.createDirectories(directory.resolve("a run"));
    Files.writeString(directory.resolve("a run/metrics.jsonl"), metrics);
    Files.writeString(
        directory.resolve("a run/recipe.yaml"), "# run 1234\nmodel:\n  embedding-dim: 16\n");
    try (Gpt model =
        Gpt.initialized(ModelConfig.gpt2(16, 16, 1, 2, 16), Precision.FP32, Device.cpu(), 1)) {
      ModelFixture.at(directory.resolve("a run/best")).save(model, TextProcessing.NONE);
    }
  }

  private static float[][][][] weights(int layers, int heads, int tokens) {
    Random random = new Random(1);
    float[][][][] weights = new float[layers][heads][tokens][tokens];
    for (float[][][] layer : weights) {
      for (float[][] head : layer) {
        for (int row = 0; row < tokens; row++) {
          for (int column = 0; column <= row; column++) {
            head[row][column] = random.nextFloat() / (row + 1);
          }
        }
      }
    }
    return weights;
  }

  private RunDirectory run() {
    return RunDirectory.of(
        new Configuration(), new org.apache.hadoop.fs.Path(directory.resolve("a run").toString()));
  }

  private String report() throws Exception {
    return report(new RunOutcome.Finished(40, false));
  }

  private String report(RunOutcome outcome) throws Exception {
    RunReport.write(run(), RUN, outcome);
    String page = Files.readString(directory.resolve("a run/report.html"));
    assertThat(parsed(page).getDocumentElement().getTagName()).isEqualTo("html");
    return page;
  }

  private static Document parsed(String page) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(page.getBytes(StandardCharsets.UTF_8)));
  }

  private static int pictures(String page) throws IOException {
    List<MatchResult> found =
        Pattern.compile("data:image/png;base64,([^\"]*)\"").matcher(page).results().toList();
    for (MatchResult picture : found) {
      byte[] png = Base64.getDecoder().decode(picture.group(1));
      assertThat(ImageIO.read(new ByteArrayInputStream(png))).isNotNull();
    }
    return found.size();
  }
}
