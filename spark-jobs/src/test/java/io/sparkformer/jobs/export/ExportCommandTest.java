package io.sparkformer.jobs.export;

import static io.sparkformer.datasets.Folder.names;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.ModelFixture;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextReading;
import io.sparkformer.predict.SequenceModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportCommandTest {

  private static final List<String> LABELS = List.of("bad", "good");

  @TempDir private Path directory;

  @BeforeEach
  void writeModel() throws IOException {
    ModelConfig config =
        ModelConfig.gpt2(4, 8, 1, 2, 8).with(Head.ofSequences(2, Head.Pooling.LAST));
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 1)) {
      ModelFixture.at(directory.resolve("model"))
          .save(
              model,
              new ModelDirectory.TextProcessing(
                  Optional.of(ModelFixture.tokenizer("abcd")),
                  Optional.empty(),
                  LABELS,
                  TextReading.PLAIN));
    }
  }

  @Test
  void aClassifierBecomesADirectoryThatDjlLoads() throws IOException {
    CommandRun run = export("model", "exported", "--format", "torchscript");

    run.requireDone();
    assertThat(run.err()).isEmpty();
    assertThat(names(directory.resolve("exported")))
        .containsExactly("config.json", "model.pt", "serving.properties", "tokenizer.json");
    assertThat(run.json().get("format").textValue()).isEqualTo("torchscript");
    assertThat(run.json().get("labels")).hasToString("[\"bad\",\"good\"]");
    assertThat(run.json().get("module_bytes").longValue())
        .isEqualTo(Files.size(directory.resolve("exported/model.pt")));
    assertThat(run.json().get("parameters").longValue()).isPositive();
    try (SequenceModel model =
        SequenceModel.open(
            directory.resolve("exported").toString(), new Configuration(), Device.cpu())) {
      assertThat(model.labels()).isEqualTo(LABELS);
    }
  }

  @Test
  void anOutputThatExistsIsReplacedOnlyIfThatIsAskedFor() throws IOException {
    export("model", "exported", "--format", "torchscript");
    Files.writeString(directory.resolve("exported/notes.txt"), "mine");

    CommandRun refused = export("model", "exported", "--format", "torchscript");

    assertThat(refused.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(refused.err()).contains("exists: pass --overwrite to replace it");
    assertThat(names(directory.resolve("exported"))).contains("notes.txt");
    CommandRun replaced = export("model", "exported", "--format", "torchscript", "--overwrite");
    replaced.requireDone();
    assertThat(names(directory.resolve("exported"))).hasSize(4).doesNotContain("notes.txt");
  }

  @Test
  void whatIsNoModelOrNoFormatIsRefusedAndLeavesNothing() throws IOException {
    Files.createDirectory(directory.resolve("empty"));
    CommandRun noModel = export("empty", "exported", "--format", "torchscript");
    assertThat(noModel.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(noModel.err()).contains("has no config.json, so it is not a model directory");
    CommandRun noFormat = export("model", "exported", "--format", "onnx");
    assertThat(noFormat.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(noFormat.err()).contains("onnx").containsIgnoringCase("torchscript");
    CommandRun inside = export("model", "model/exported", "--format", "torchscript");
    assertThat(inside.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(inside.err()).contains("choose an output outside the model");
    Files.write(directory.resolve("model/model.safetensors"), new byte[100]);
    CommandRun damaged = export("model", "exported", "--format", "torchscript");
    assertThat(damaged.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(damaged.err()).contains("is not a safetensors file");
    assertThat(names(directory)).containsExactly("empty", "model");
  }

  private CommandRun export(String model, String output, String... more) {
    Stream<String> arguments =
        Stream.of(
            "export",
            "--model",
            directory.resolve(model).toString(),
            "--output",
            directory.resolve(output).toString());
    return CommandRun.of(Stream.concat(arguments, Stream.of(more)).toArray(String[]::new));
  }
}
