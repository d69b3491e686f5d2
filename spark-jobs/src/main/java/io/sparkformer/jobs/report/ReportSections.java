package io.sparkformer.jobs.report;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.evaluation.ClassificationReport;
import io.sparkformer.evaluation.ClassificationReport.LabelScores;
import io.sparkformer.evaluation.ClassificationReport.Scores;
import io.sparkformer.evaluation.ConfusionMatrix;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.evaluation.Showcase;
import io.sparkformer.jobs.picture.AttentionPictures;
import io.sparkformer.jobs.picture.ColourScale;
import io.sparkformer.jobs.picture.HeatMap;
import io.sparkformer.jobs.picture.VisibleText;
import io.sparkformer.run.Metric;
import java.awt.Color;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;

/** The sections of a run's report; long texts are clipped, so that the page stays small. */
final class ReportSections {

  private static final int TEXT = 4000;
  private static final int NAME = 80;
  private static final int MOST_ROWS = 500;
  private static final int MOST_MAPS = 16;

  /** Labels of a confusion matrix that is a table, too. */
  private static final int TABLED_LABELS = 30;

  /** Pixels of the cells of a map that stands beside others. */
  private static final int MAP_EXTENT = 420;

  /** Characters of the page from which on no more pictures come. */
  private static final int ROOM = 1_500_000;

  private final Html page;

  ReportSections(Html page) {
    this.page = page;
  }

  void figures(Map<String, String> figures) {
    page.open("dl");
    figures.forEach(
        (name, value) -> page.open("div").element("dt", name).element("dd", value).close("div"));
    page.close("dl");
  }

  void curves(List<Metric> metrics) {
    begin("Curves");
    page.open("div", "class", "charts");
    SvgChart.draw(page, "Loss", "cross entropy in nats", Curve.losses(metrics));
    SvgChart.draw(page, "Learning rate", "of the optimizer", Curve.learningRates(metrics));
    page.close("div");
    evaluations(EvaluationRow.of(metrics));
    end();
  }

  private void evaluations(List<EvaluationRow> rows) {
    if (rows.isEmpty()) {
      return;
    }
    page.open("details").element("summary", "Evaluations in numbers");
    Map<String, Function<EvaluationRow, Double>> columns = new LinkedHashMap<>();
    columns.put("train loss", EvaluationRow::trainLoss);
    columns.put("valid loss", EvaluationRow::validLoss);
    columns.put("accuracy", EvaluationRow::accuracy);
    columns.put("macro F1", EvaluationRow::macroF1);
    columns.values().removeIf(column -> rows.stream().map(column).allMatch(Objects::isNull));
    header(Stream.concat(Stream.of("step"), columns.keySet().stream()).toArray(String[]::new));
    for (EvaluationRow row : EvaluationRow.thinned(rows, MOST_ROWS)) {
      page.open("tr");
      number("%,d", row.step());
      columns.values().forEach(column -> number("%.4f", column.apply(row)));
      page.close("tr");
    }
    tableEnd();
    page.close("details");
  }

  void recipe(String yaml) {
    begin("Recipe, as run");
    page.element("pre", yaml);
    end();
  }

  /** Scores of each label and the confusion matrix, of a classifier. */
  void classification(EvaluationRecord record) {
    record
        .confusionMatrix()
        .filter(matrix -> !matrix.labels().isEmpty())
        .ifPresent(
            matrix -> {
              begin("Classification");
              page.element(
                  "p",
                  String.format(
                      Locale.ROOT,
                      "The best model, of step %,d, on the %s split: %,d examples.",
                      record.step(),
                      record.split(),
                      matrix.total()));
              scores(ClassificationReport.of(matrix));
              confusion(matrix, record.split());
              end();
            });
  }

  private void scores(ClassificationReport report) {
    header("label", "precision", "recall", "F1", "support");
    for (LabelScores label : most(report.labels())) {
      scoresRow(label.label(), label.scores());
    }
    scoresRow("macro average", report.macroAverage());
    scoresRow("weighted average", report.weightedAverage());
    page.open("tr").element("th", "accuracy", "scope", "row");
    page.element("td", "").element("td", "");
    number("%.3f", report.accuracy());
    number("%,d", report.total());
    page.close("tr");
    tableEnd();
  }

  private void scoresRow(String name, Scores scores) {
    page.open("tr").element("th", clipped(name, NAME), "scope", "row");
    number("%.3f", scores.precision());
    number("%.3f", scores.recall());
    number("%.3f", scores.f1());
    number("%,d", scores.support());
    page.close("tr");
  }

  private void confusion(ConfusionMatrix matrix, SplitName split) {
    HeatMap map = AttentionPictures.confusion(matrix, split.label());
    if (matrix.labels().size() <= TABLED_LABELS) {
      confusionTable(matrix, ColourScale.of(map.values()));
    }
    picture(map.png(), map.title());
  }

  private void confusionTable(ConfusionMatrix matrix, ColourScale scale) {
    List<String> head = new ArrayList<>(List.of("actual \\ predicted"));
    matrix.labels().forEach(label -> head.add(clipped(label, NAME)));
    header(head.toArray(new String[0]));
    long[][] counts = matrix.counts();
    for (int row = 0; row < counts.length; row++) {
      page.open("tr").element("th", clipped(matrix.labels().get(row), NAME), "scope", "row");
      for (long count : counts[row]) {
        page.element(
            "td",
            String.format(Locale.ROOT, "%,d", count),
            "class",
            "number",
            "style",
            shade(scale, (float) count));
      }
      page.close("tr");
    }
    tableEnd();
  }

  private static String shade(ColourScale scale, float count) {
    String ink = scale.ink(count).equals(Color.WHITE) ? "#fff" : "#000";
    return String.format(Locale.ROOT, "background:#%06x;color:%s", scale.rgb(count), ink);
  }

  /** What a model says of examples, each part that there is. */
  void showcase(Showcase showcase, SplitName split) {
    if (!showcase.predicted().isEmpty()) {
      predicted(most(showcase.predicted()), split);
    }
    if (!showcase.generated().isEmpty()) {
      generated(most(showcase.generated()));
    }
    if (!showcase.nextTokens().isEmpty()) {
      nextTokens(showcase);
    }
    if (showcase.attention().length > 0) {
      attention(showcase);
    }
  }

  private void predicted(List<Showcase.PredictedText> texts, SplitName split) {
    begin("Predictions for examples of the " + split + " split");
    header("text", "actual", "predicted", "probability");
    for (Showcase.PredictedText text : texts) {
      boolean right = text.actual().equals(text.predicted());
      page.open("tr", "class", right ? "right" : "wrong");
      page.element("td", clipped(text.text(), TEXT), "class", "text");
      page.element("td", clipped(text.actual(), TEXT));
      page.element("td", clipped(text.predicted(), TEXT));
      number("%.3f", text.probability());
      page.close("tr");
    }
    tableEnd();
    end();
  }

  private void generated(List<Showcase.GeneratedText> texts) {
    begin("Samples");
    page.element("p", "What the model writes after a prompt, which is set in blue.");
    for (Showcase.GeneratedText text : texts) {
      page.open("pre").element("span", clipped(text.prompt(), TEXT), "class", "prompt");
      page.text(clipped(text.text(), TEXT)).close("pre");
    }
    end();
  }

  private void nextTokens(Showcase showcase) {
    begin("Next token");
    page.open("p").text("The likeliest tokens after: ");
    page.element("span", clipped(showcase.prompt(), TEXT), "class", "text").close("p");
    header("token", "probability");
    for (Showcase.NextToken next : most(showcase.nextTokens())) {
      page.open("tr").element("td", shown(next.token()), "class", "text");
      number("%.4f", next.probability());
      page.close("tr");
    }
    tableEnd();
    end();
  }

  /** At most 16 maps, evenly spaced if there are more. */
  private void attention(Showcase showcase) {
    begin("Attention");
    page.open("p").text("How much each token (row) takes of each other, of the text: ");
    page.element("span", clipped(showcase.prompt(), TEXT), "class", "text").close("p");
    float[][][][] weights = showcase.attention();
    int heads = weights[0].length;
    int all = weights.length * heads;
    int maps = Math.min(all, MOST_MAPS);
    page.open("div", "class", "maps");
    for (int i = 0; i < maps; i++) {
      int chosen = (int) ((long) i * all / maps);
      HeatMap map =
          AttentionPictures.weights(
              showcase.attentionTokens(),
              weights[chosen / heads][chosen % heads],
              chosen / heads,
              chosen % heads);
      picture(map.png(MAP_EXTENT), map.title());
    }
    page.close("div");
    end();
  }

  private void picture(byte[] png, String alternative) {
    if (page.length() + png.length * 4L / 3 < ROOM) {
      page.picture(png, alternative);
    }
  }

  private void begin(String title) {
    page.open("section").element("h2", title);
  }

  private void end() {
    page.close("section");
  }

  private void header(String... names) {
    page.open("div", "class", "scroll").open("table").open("thead").open("tr");
    for (String name : names) {
      page.element("th", name, "scope", "col");
    }
    page.close("tr").close("thead").open("tbody");
  }

  private void tableEnd() {
    page.close("tbody").close("table").close("div");
  }

  /** A number, or nothing for what was not measured. */
  private void number(String format, Number value) {
    String text = value == null ? "" : String.format(Locale.ROOT, format, value);
    page.element("td", text, "class", "number");
  }

  private static String shown(String token) {
    return VisibleText.everywhere().shortened(token, NAME);
  }

  private static <T> List<T> most(List<T> rows) {
    return rows.subList(0, Math.min(rows.size(), MOST_ROWS));
  }

  /** The text's beginning. */
  static String clipped(String text, int characters) {
    if (text.codePointCount(0, text.length()) <= characters) {
      return text;
    }
    return text.substring(0, text.offsetByCodePoints(0, characters)) + " …";
  }
}
