package io.sparkformer.jobs.report;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a report says first: what run it is, and how that stands. */
final class ReportHead {

  private static final int REFRESH_SECONDS = 10;
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** A name and a password in a path. */
  private static final Pattern CREDENTIALS = Pattern.compile("://[^/@\\s]+@");

  private static final int COMMAND = 4000;

  private final Html page;
  private final String name;
  private final RunDescription run;
  private final RunOutcome outcome;

  ReportHead(Html page, String name, RunDescription run, RunOutcome outcome) {
    this.page = page;
    this.name = name;
    this.run = run;
    this.outcome = outcome;
  }

  /** Has the page loaded again, as long as there will be another. */
  void refresh() {
    if (outcome instanceof RunOutcome.Running) {
      page.lone("meta", "http-equiv", "refresh", "content", String.valueOf(REFRESH_SECONDS));
    }
  }

  void show() {
    page.element("h1", "Training report: " + name);
    state();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("data set", shown(run.data()));
    facts.put("started", DATE.format(run.started()));
    facts.put("written", DATE.format(Instant.now()));
    facts.put("version", version());
    if (!run.command().isEmpty()) {
      facts.put("command", ReportSections.clipped(shown(run.command()), COMMAND));
    }
    page.open("dl");
    facts.forEach(
        (fact, value) -> {
          boolean isLong = fact.equals("data set") || fact.equals("command");
          page.open("div", "class", isLong ? "wide" : "fact");
          page.element("dt", fact).element("dd", value).close("div");
        });
    page.close("dl");
  }

  private void state() {
    boolean bad =
        !(outcome instanceof RunOutcome.Running || outcome instanceof RunOutcome.Finished);
    page.open("div", "class", bad ? "state bad" : "state", "role", "status");
    page.element("p", sentence());
    if (outcome instanceof RunOutcome.Running running) {
      page.open(
          "progress",
          "max",
          String.valueOf(running.maxSteps()),
          "value",
          String.valueOf(running.step()),
          "aria-label",
          "steps done");
      page.close("progress");
      page.element(
          "p",
          "This page loads itself again every %d s. A run that was killed leaves it as it is: see when it was written."
              .formatted(REFRESH_SECONDS));
    }
    page.close("div");
  }

  private String sentence() {
    if (outcome instanceof RunOutcome.Running running) {
      String left =
          running.secondsLeft().isPresent()
              ? ", " + RunFigures.duration((double) running.secondsLeft().getAsLong()) + " left"
              : "";
      return String.format(
          Locale.ROOT,
          "Running: step %,d of %,d (%d %%)%s.",
          running.step(),
          running.maxSteps(),
          100 * running.step() / Math.max(1, running.maxSteps()),
          left);
    }
    if (outcome instanceof RunOutcome.Finished finished) {
      return String.format(
          Locale.ROOT,
          finished.stoppedEarly()
              ? "Finished at step %,d: it was stopped early, since nothing became better."
              : "Finished at step %,d.",
          finished.step());
    }
    if (outcome instanceof RunOutcome.Interrupted interrupted) {
      return interrupted.kept().isEmpty()
          ? String.format(
              Locale.ROOT,
              "Interrupted after step %,d, before there was a checkpoint.",
              interrupted.step())
          : String.format(
              Locale.ROOT,
              "Interrupted after step %,d. The checkpoint of step %,d is kept: --resume goes on from it.",
              interrupted.step(),
              interrupted.kept().getAsLong());
    }
    return outcome instanceof RunOutcome.Diverged diverged
        ? "Diverged: " + diverged.message()
        : "Failed: " + shown(((RunOutcome.Failed) outcome).message());
  }

  private static String shown(String text) {
    return CREDENTIALS.matcher(text).replaceAll("://…@");
  }

  private static String version() {
    return Optional.ofNullable(RunReport.class.getPackage().getImplementationVersion())
        .map(version -> "Sparkformer " + version)
        .orElse("Sparkformer, from classes that are in no jar");
  }
}
