package io.sparkformer.jobs.report;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.evaluation.Showcase;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.run.Metric;
import io.sparkformer.run.MetricsLog;
import io.sparkformer.run.RunDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * report.html: a run on one page without anything beside it, under 2 MB, from the files that
 * training wrote. What is not there, or damaged, is left out.
 */
public final class RunReport {

  static final String FILE_NAME = RunDirectory.REPORT;

  private static final Logger LOG = LoggerFactory.getLogger(RunReport.class);

  /** Leaves out what is of no use to readers. */
  private static final String RUN_LINE = "# run ";

  private static final int RECIPE_CHARACTERS = 50_000;

  private final String name;
  private final List<Metric> metrics;
  private final Optional<String> recipe;
  private final Optional<ModelConfig> model;
  private final Optional<EvaluationRecord> best;
  private final Optional<Showcase> showcase;

  private RunReport(
      String name,
      List<Metric> metrics,
      Optional<String> recipe,
      Optional<ModelConfig> model,
      Optional<EvaluationRecord> best,
      Optional<Showcase> showcase) {
    this.name = name;
    this.metrics = metrics;
    this.recipe = recipe;
    this.model = model;
    this.best = best;
    this.showcase = showcase;
  }

  /** Writes {@value #FILE_NAME} into a run's directory. */
  public static void write(RunDirectory directory) throws IOException {
    byte[] page = read(directory).html().getBytes(StandardCharsets.UTF_8);
    try (OutputStream out =
        directory.fileSystem().create(new Path(directory.path(), FILE_NAME), true)) {
      out.write(page);
    }
  }

  private static RunReport read(RunDirectory directory) throws IOException {
    FileSystem files = directory.fileSystem();
    Path run = directory.path();
    return new RunReport(
        run.getName(),
        MetricsLog.read(files, run),
        unlessMissing(new Path(run, RunDirectory.RECIPE), files, () -> recipe(files, run)),
        unlessMissing(
            new Path(directory.best(), ModelDirectory.CONFIG),
            files,
            () -> ModelDirectory.at(files, directory.best()).config()),
        unlessMissing(
            new Path(directory.best(), EvaluationRecord.FILE_NAME),
            files,
            () -> EvaluationRecord.read(files, directory.best())),
        unlessMissing(new Path(run, Showcase.FILE_NAME), files, () -> Showcase.read(files, run)));
  }

  private interface Reading<T> {
    T read() throws IOException;
  }

  private static <T> Optional<T> unlessMissing(Path file, FileSystem files, Reading<T> reading)
      throws IOException {
    if (!files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(reading.read());
    } catch (InvalidInputException e) {
      LOG.warn("{} is left out of {}: {}", Storage.shown(file), FILE_NAME, e.getMessage());
      return Optional.empty();
    }
  }

  private static String recipe(FileSystem files, Path run) throws IOException {
    try (InputStream in = files.open(new Path(run, RunDirectory.RECIPE))) {
      String yaml = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return yaml.lines()
          .filter(line -> !line.startsWith(RUN_LINE))
          .collect(Collectors.joining("\n"));
    }
  }

  private String html() {
    Html page = new Html();
    page.open("html", "xmlns", "http://www.w3.org/1999/xhtml", "lang", "en");
    page.open("head").open("meta", "charset", "utf-8").close("meta");
    page.open("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
        .close("meta");
    page.element("title", name + ": training report").style(ReportSections.STYLE).close("head");
    page.open("body").open("main").element("h1", name);
    ReportSections sections = new ReportSections(page);
    sections.figures(RunFigures.of(metrics, model, best));
    sections.curves(new TrainingCurves(metrics));
    best.ifPresent(sections::classification);
    showcase.ifPresent(sections::showcase);
    recipe.ifPresent(yaml -> sections.recipe(ReportSections.clipped(yaml, RECIPE_CHARACTERS)));
    page.close("main").close("body").close("html");
    // HTML has no closed meta elements.
    return "<!DOCTYPE html>\n" + page.toString().replace("></meta>", "/>");
  }
}
