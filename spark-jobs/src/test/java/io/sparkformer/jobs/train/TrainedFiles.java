package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What a training run left, to be compared with what another left. */
public record TrainedFiles(Path output) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** All files whose bytes a run determines, of runs to the same step. */
  public void requireSameAs(TrainedFiles other) throws IOException {
    for (String model : List.of("last", "best")) {
      same(other, Path.of(model, "model.safetensors"));
    }
    assertThat(checkpoints()).isEqualTo(other.checkpoints());
    requireCheckpointOf(other, newest());
    assertThat(metrics()).isEqualTo(other.metrics());
  }

  /** The last model and moments, of a run that went on after this one's last step. */
  void requireOnTheWayOf(TrainedFiles other) throws IOException {
    requireCheckpointOf(other, newest());
    assertThat(output.resolve("last/model.safetensors"))
        .hasSameBinaryContentAs(checkpoint(newest()).resolve("model.safetensors"));
    assertThat(trainLines()).isEqualTo(other.trainLines().subList(0, trainLines().size()));
  }

  private void requireCheckpointOf(TrainedFiles other, String name) {
    same(other, Path.of("checkpoints", name, "model.safetensors"));
    same(other, Path.of("checkpoints", name, "optimizer.safetensors"));
  }

  private void same(TrainedFiles other, Path file) {
    assertThat(output.resolve(file)).hasSameBinaryContentAs(other.output.resolve(file));
  }

  /** Names, oldest first. */
  List<String> checkpoints() throws IOException {
    Path folder = output.resolve("checkpoints");
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("step-"))
          .sorted()
          .toList();
    }
  }

  String newest() throws IOException {
    List<String> all = checkpoints();
    return all.get(all.size() - 1);
  }

  Path checkpoint(String name) {
    return output.resolve("checkpoints").resolve(name);
  }

  /** The metrics without what a clock gave. */
  List<ObjectNode> metrics() throws IOException {
    List<ObjectNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(output.resolve("metrics.jsonl"))) {
      ObjectNode metric = (ObjectNode) JSON.readTree(line);
      metric.remove(List.of("tokens_per_second", "step_ms", "time_seconds"));
      lines.add(metric);
    }
    return lines;
  }

  List<ObjectNode> trainLines() throws IOException {
    return metrics().stream().filter(line -> line.get("event").asText().equals("TRAIN")).toList();
  }

  /** The step that was trained last, 0 where there is none; the run may be on its way. */
  int step() {
    try {
      String text = Files.readString(output.resolve("metrics.jsonl"));
      int at = text.lastIndexOf("\"event\":\"TRAIN\",\"step\":");
      return at < 0 ? 0 : Integer.parseInt(text.substring(at + 23).split("[^0-9]", 2)[0]);
    } catch (IOException e) {
      return 0; // not yet there, or just replaced
    }
  }

  /** Nothing half written may be in an output. */
  public void requireTidy() throws IOException {
    try (Stream<Path> files = Files.walk(output)) {
      assertThat(
              files.filter(file -> file.getFileName().toString().matches("\\..*\\.(writing|old)")))
          .isEmpty();
    }
  }
}
