package io.sparkformer.jobs.report;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.SplitName;
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
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * report.html: a run on one page without anything beside it, under 2 MB, from the files that
 * training wrote. What is not there, or damaged, is left out. While the run goes on, a browser
 * loads the page again by itself.
 */
public final class RunReport {

  static final String FILE_NAME = RunDirectory.REPORT;

  private static final Logger LOG = LoggerFactory.getLogger(RunReport.class);

  /** Leaves out what is of no use to readers. */
  private static final String RUN_LINE = "# run ";

  private static final String WRITING = "." + FILE_NAME + ".writing";

  private static final int RECIPE_CHARACTERS = 50_000;

  static {
    // A cache in files wants to be deleted when the JVM ends, and refuses to be made while it does.
    ImageIO.setUseCache(false);
  }

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

  /**
   * Writes {@value #FILE_NAME} into a run's directory: its readers see this page or the one before,
   * whole.
   */
  public static void write(RunDirectory directory, RunDescription run, RunOutcome outcome)
      throws IOException {
    byte[] page = read(directory).html(run, outcome).getBytes(StandardCharsets.UTF_8);
    FileSystem files = directory.fileSystem();
    Path target = new Path(directory.path(), FILE_NAME);
    Path written = new Path(directory.path(), WRITING);
    try (OutputStream out = files.create(written, true)) {
      out.write(page);
    }
    if (files.rename(written, target)) {
      return;
    }
    files.delete(target, false); // where renaming replaces nothing
    if (!files.rename(written, target)) {
      throw new IOException("cannot rename " + written + " to " + target);
    }
  }

  /** Draws the curves into a run's directory, as pictures for other documents. */
  public static void drawCurves(RunDirectory directory) throws IOException {
    FileSystem files = directory.fileSystem();
    new TrainingCurves(MetricsLog.read(files, directory.path())).draw(files, directory.path());
  }

  /** Whether a run's attempt has made a directory its own. */
  public static boolean isOf(RunDirectory directory, String runId) throws IOException {
    Path recipe = new Path(directory.path(), RunDirectory.RECIPE);
    if (!directory.fileSystem().exists(recipe)) {
      return false;
    }
    try (InputStream in = directory.fileSystem().open(recipe)) {
      byte[] line = (RUN_LINE + runId + "\n").getBytes(StandardCharsets.UTF_8);
      return Arrays.equals(in.readNBytes(line.length), line);
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

  private String html(RunDescription run, RunOutcome outcome) {
    Html page = new Html();
    page.open("html", "xmlns", "http://www.w3.org/1999/xhtml", "lang", "en").open("head");
    page.lone("meta", "charset", "utf-8");
    page.lone("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    page.lone("link", "rel", "icon", "href", "data:,"); // else browsers look for one
    ReportHead head = new ReportHead(page, name, run, outcome);
    head.refresh();
    page.element("title", name + ": training report").style(ReportStyle.CSS).close("head");
    page.open("body").open("main");
    head.show();
    ReportSections sections = new ReportSections(page);
    sections.figures(RunFigures.of(metrics, model, best));
    sections.curves(metrics);
    best.ifPresent(sections::classification);
    SplitName shown = best.map(EvaluationRecord::split).orElse(SplitName.VALID);
    showcase.ifPresent(made -> sections.showcase(made, shown));
    recipe.ifPresent(yaml -> sections.recipe(ReportSections.clipped(yaml, RECIPE_CHARACTERS)));
    page.close("main").close("body").close("html");
    return "<!DOCTYPE html>\n" + page;
  }
}
