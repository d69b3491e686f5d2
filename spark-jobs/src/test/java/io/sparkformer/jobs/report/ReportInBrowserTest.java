package io.sparkformer.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.evaluation.ConfusionMatrix;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.evaluation.Showcase;
import io.sparkformer.evaluation.Showcase.PredictedText;
import io.sparkformer.run.RunDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report as a person sees it; skipped where there is no Chromium. */
class ReportInBrowserTest {

  private static final Pattern FACTS = Pattern.compile("<pre id=\"facts\">(.*?)</pre>");
  private static final String DARK = "--blink-settings=preferredColorScheme=0";
  private static final String LIGHT = "--blink-settings=preferredColorScheme=1";
  private static final int PHONE = 360;
  private static final int DESK = 1200;

  @TempDir private Path run;
  private Browser browser;

  @BeforeEach
  void writeRun() throws IOException {
    assumeTrue(
        Browser.find().isPresent(),
        "skipped: there is no chromium in PATH (Debian: apt-get install chromium)");
    browser = Browser.of(Browser.find().get(), run);
    StringBuilder metrics = new StringBuilder();
    for (int step = 1; step <= 400; step++) {
      metrics.append(metric("TRAIN", step, "train", 1 + 2.0 / step, ",\"lr\":" + 0.001 / step));
      if (step % 100 == 0) {
        metrics.append(metric("EVALUATION", step, "train", 1 + 3.0 / step, ""));
        metrics.append(
            metric(
                "EVALUATION",
                step,
                "valid",
                1 + 4.0 / step,
                ",\"accuracy\":0.7,\"macro_f1\":0.625"));
      }
    }
    Files.writeString(run.resolve("metrics.jsonl"), metrics);
    Files.writeString(run.resolve("recipe.yaml"), "# run 1\nkey: " + "long".repeat(100));
    List<String> labels = List.of("disappointment", "a label of words", "indifference");
    new EvaluationRecord(
            400,
            SplitName.VALID,
            0.5,
            0.7,
            new ConfusionMatrix(labels, new long[][] {{1234, 10, 2}, {10, 1250, 3}, {7, 8, 9}}))
        .write(directory().fileSystem(), directory().best());
    new Showcase(
            400,
            List.of(),
            List.of(new PredictedText("word".repeat(100), labels.get(0), labels.get(2), 0.5)),
            "a prompt",
            List.of(),
            List.of("a", " prompt"),
            new float[][][][] {{{{1, 0}, {0.5f, 0.5f}}}})
        .write(directory().fileSystem(), directory().path());
  }

  @AfterEach
  void stop() {
    if (browser != null) {
      browser.close();
    }
  }

  @Test
  void aReportHasNoErrorsAsksForNothingAndSaysItsValues() throws Exception {
    report(new RunOutcome.Finished(400, false));
    JsonNode facts = facts(DESK, LIGHT);

    assertThat(texts(facts, "requested")).isEmpty();
    assertThat(browser.requests()).containsExactly("/probe.html", "/report.html");
    assertThat(texts(facts, "hovered"))
        .contains("valid split: 1.01 at step 400", "learning rate: 0.000002503 at step 400")
        .doesNotContain("nothing");
    assertThat(texts(facts, "rows")).contains("400 1.0075 1.0100 0.7000 0.6250").hasSize(4);
    assertThat(texts(facts, "named"))
        .anySatisfy(
            name -> assertThat(name).contains("Loss over the steps: training batches from"));
    assertThat(facts.get("legend_ends")).hasSize(2).allMatch(JsonNode::asBoolean);
    assertThat(texts(facts, "broken_headings")).isEmpty();
  }

  @Test
  void aNarrowWindowNeedsNoScrollingToTheSide() throws Exception {
    report(new RunOutcome.Finished(400, false));
    JsonNode facts = facts(PHONE, LIGHT);

    assertThat(facts.get("width").asInt()).isEqualTo(PHONE);
    assertThat(facts.get("scroll_width").asInt()).isLessThanOrEqualTo(PHONE);
    assertThat(facts.get("axis_text_pixels").asDouble()).isGreaterThan(9);
    assertThat(texts(facts, "broken_headings")).isEmpty();
    assertThat(facts.get("legend_ends")).hasSize(2).allMatch(JsonNode::asBoolean);
  }

  @Test
  void theColoursAreThoseOfTheReadersScreen() throws Exception {
    report(new RunOutcome.Finished(400, false));
    for (String scheme : List.of(LIGHT, DARK)) {
      JsonNode facts = facts(DESK, scheme);
      double ground = luminance(facts.get("ground").asText());
      if (scheme.equals(DARK)) {
        assertThat(ground).isLessThan(0.05);
      } else {
        assertThat(ground).isGreaterThan(0.9);
      }
      // What the accessibility guidelines want of text, and of what is drawn.
      assertThat(contrast(ground, facts.get("ink").asText())).isGreaterThan(7);
      assertThat(contrast(ground, facts.get("axis_ink").asText())).isGreaterThan(7);
      assertThat(texts(facts, "curves"))
          .hasSize(4)
          .allSatisfy(curve -> assertThat(contrast(ground, curve)).isGreaterThan(3));
    }
  }

  @Test
  void aPageIsLoadedAgainWhileItsRunGoesOnAndNoLongerThen() throws Exception {
    report(new RunOutcome.Running(400, 1000, OptionalLong.of(60)));
    browser.keepOpen("report.html", () -> browser.requests().size() > 1);
    assertThat(browser.requests()).startsWith("/report.html", "/report.html");

    report(new RunOutcome.Interrupted(400, OptionalLong.of(400)));
    assertThat(browser.load("report.html").dom()).doesNotContain("http-equiv");
  }

  private void report(RunOutcome outcome) throws IOException {
    RunDescription described =
        new RunDescription(
            "/data/" + "deep/".repeat(40),
            "sparkformer train --data " + "x".repeat(300),
            Instant.parse("2026-12-01T10:00:00Z"));
    RunReport.write(directory(), described, outcome);
  }

  private RunDirectory directory() {
    return RunDirectory.of(
        new Configuration(), new org.apache.hadoop.fs.Path(run.toUri().toString()));
  }

  private JsonNode facts(int width, String option) throws Exception {
    try (InputStream in = ReportInBrowserTest.class.getResourceAsStream("probe.html")) {
      String probe = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      Files.writeString(run.resolve("probe.html"), probe.replace("WIDTH", String.valueOf(width)));
    }
    Browser.Loaded loaded = browser.load("probe.html", "--window-size=1300,4000", option);
    assertThat(loaded.console()).isEmpty();
    Matcher facts = FACTS.matcher(loaded.dom());
    assertThat(facts.find()).as(loaded.dom()).isTrue();
    String json = facts.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    return new ObjectMapper().readTree(json);
  }

  private static String metric(String event, int step, String split, double loss, String more) {
    return String.format(
        Locale.ROOT,
        "{\"event\":\"%s\",\"step\":%d,\"split\":\"%s\",\"loss\":%.6f,\"time_seconds\":%d%s}%n",
        event,
        step,
        split,
        loss,
        1_700_000_000 + step,
        more);
  }

  private static List<String> texts(JsonNode facts, String name) {
    return StreamSupport.stream(facts.get(name).spliterator(), false)
        .map(JsonNode::asText)
        .toList();
  }

  private static double contrast(double ground, String colour) {
    double other = luminance(colour);
    return (Math.max(ground, other) + 0.05) / (Math.min(ground, other) + 0.05);
  }

  /** Of {@code rgb(r, g, b)}, as the guidelines define it. */
  private static double luminance(String colour) {
    double[] parts =
        Pattern.compile("\\d+")
            .matcher(colour)
            .results()
            .mapToDouble(part -> Integer.parseInt(part.group()) / 255.0)
            .map(part -> part <= 0.04045 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4))
            .toArray();
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  }
}
