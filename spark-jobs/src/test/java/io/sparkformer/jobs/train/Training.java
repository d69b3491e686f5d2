package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.jobs.JobProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A directory with a recipe and a data set, in which runs are started through the launcher. */
public record Training(Path directory) {

  public static final String ONE_JVM = "local[1]";
  public static final String PROCESSES = "local[2]";

  static final String RECIPE =
      """
      model: {context-length: 16, num-layers: 1, num-heads: 2, embedding-dim: 32, dropout: 0.1}
      training: {micro-batch-size: 4, global-batch-size: 48, threads: 1, log-interval: 1}
      schedule: {kind: cosine, warmup-steps: 10, decay-steps: 1000}
      evaluation: {interval: 10, batches: 4}
      checkpoint: {interval: 10, keep: 100}
      """;

  /** Writes the recipe, of 12 micro-batches a step, and tokenizes a text. */
  static Training over(Path text, Path directory) throws Exception {
    Files.writeString(directory.resolve("tiny.yaml"), RECIPE);
    Training training = new Training(directory);
    training.tokenize(text, "data");
    return training;
  }

  void tokenize(Path text, String output) throws Exception {
    List<String> arguments =
        List.of("tokenize", "--input", text.toString(), "--tokenizer", "char", "--output", output);
    JobProcess.Outcome outcome = JobProcess.run(directory, ONE_JVM, arguments);
    assertThat(outcome.code()).as(outcome.err()).isZero();
  }

  TrainedFiles files(String output) {
    return new TrainedFiles(directory.resolve(output));
  }

  JobProcess start(String master, String output, int steps, String... more) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("train", "--config", "tiny.yaml"));
    arguments.addAll(List.of("--output", output));
    arguments.addAll(List.of("--set", "training.max-steps=" + steps));
    arguments.addAll(List.of(more));
    if (!arguments.contains("--wait-seconds")) {
      arguments.addAll(List.of("--wait-seconds", "300")); // of a machine that has much else to do
    }
    if (!arguments.contains("--data")) {
      arguments.addAll(List.of("--data", "data"));
    }
    return JobProcess.start(directory, master, arguments);
  }

  /** Trains to the end. */
  JobProcess.Outcome run(String master, String output, int steps, String... more) throws Exception {
    try (JobProcess job = start(master, output, steps, more)) {
      JobProcess.Outcome outcome = job.end();
      job.requireNothingLeft();
      return outcome;
    }
  }
}
