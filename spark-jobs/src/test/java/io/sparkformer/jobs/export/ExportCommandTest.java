package io.sparkformer.jobs.export;

import static io.sparkformer.datasets.Folder.names;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.BuiltIn;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.ModelFixture;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.Trust;
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
              new TextProcessing(
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
        .containsExactly(
            "SHA256SUMS",
            "config.json",
            "model.pt",
            "serving.properties",
            "tokenizer.json",
            "tokenizer_config.json");
    assertThat(run.json().get("format").textValue()).isEqualTo("torchscript");
    assertThat(run.json().get("labels")).hasToString("[\"bad\",\"good\"]");
    assertThat(run.json().get("module_bytes").longValue())
        .isEqualTo(Files.size(directory.resolve("exported/model.pt")));
    assertThat(run.json().get("parameters").longValue()).isPositive();
    try (SequenceModel model =
        SequenceModel.open(
            directory.resolve("exported").toString(),
            new Configuration(),
            Device.cpu(),
            Trust.OURS)) {
      assertThat(model.classes().labels()).isEqualTo(LABELS);
    }
  }

  @Test
  void aModelBecomesADirectoryOfAnotherTypeInShards() throws IOException {
    writeLanguageModel(1);
    CommandRun run =
        export(
            "language",
            "halved",
            "--format",
            "safetensors",
            "--dtype",
            "bf16",
            "--max-shard-size",
            "200KB");

    run.requireDone();
    assertThat(names(directory.resolve("halved")))
        .contains(
            "config.json",
            "model-00001-of-00002.safetensors",
            "model.safetensors.index.json",
            "tokenizer.json",
            "tokenizer_config.json")
        .doesNotContain("model.safetensors");
    assertThat(run.json().get("file").textValue()).isEqualTo("model.safetensors.index.json");
    assertThat(run.json().get("dtype").textValue()).isEqualTo("bf16");
    ModelDirectory halved = ModelFixture.at(directory.resolve("halved"));
    assertThat(run.json().get("module_bytes").longValue()).isEqualTo(halved.weightsBytes());
    assertThat(halved.config()).isEqualTo(ModelFixture.at(directory.resolve("language")).config());
    export("halved", "whole", "--format", "safetensors").requireDone();
    assertThat(names(directory.resolve("whole"))).contains("model.safetensors");
    export(
            "whole",
            "again",
            "--format",
            "safetensors",
            "--dtype",
            "bf16",
            "--max-shard-size",
            "200KB")
        .requireDone();
    for (String file : names(directory.resolve("halved"))) {
      assertThat(directory.resolve("again").resolve(file))
          .hasSameBinaryContentAs(directory.resolve("halved").resolve(file));
    }
    for (String size : List.of("0", "5XB", "-1", "")) {
      CommandRun wrong =
          export("language", "wrong", "--format", "safetensors", "--max-shard-size", size);
      assertThat(wrong.code()).isEqualTo(ExitCode.MISUSED);
      assertThat(wrong.err())
          .contains(
              "--max-shard-size is '%s': it must be a number of bytes, or of KB, MB, GB or TB, such as 5GB"
                  .formatted(size));
    }
    CommandRun other = export("language", "wrong", "--format", "gguf", "--max-shard-size", "5GB");
    assertThat(other.err()).contains("--max-shard-size does not go with --format gguf");
    assertThat(directory.resolve("wrong")).doesNotExist();
  }

  @Test
  void aDirectoryWithOtherFilesIsNotReplacedByAModel() throws IOException {
    export("model", "copy", "--format", "safetensors").requireDone();
    export("model", "copy", "--format", "safetensors", "--overwrite").requireDone();
    Files.writeString(directory.resolve("copy/README.md"), "mine");

    CommandRun refused = export("model", "copy", "--format", "safetensors", "--overwrite");

    assertThat(refused.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(refused.err())
        .contains("holds README.md, which this job does not write, so it is not replaced");
    assertThat(directory.resolve("copy/README.md")).hasContent("mine");
  }

  @Test
  void aLanguageModelBecomesAFileForLlamaCpp() throws IOException {
    writeLanguageModel(1);
    for (String type : List.of("fp32", "fp16", "bf16")) {
      CommandRun run = export("language", type, "--format", "gguf", "--dtype", type);

      run.requireDone();
      assertThat(run.err()).isEmpty();
      assertThat(names(directory.resolve(type))).containsExactly("model.gguf");
      assertThat(run.json().get("format").textValue()).isEqualTo("gguf");
      assertThat(run.json().get("dtype").textValue()).isEqualTo(type);
      assertThat(run.json().get("file").textValue()).isEqualTo("model.gguf");
      assertThat(run.json().get("module_bytes").longValue())
          .isEqualTo(Files.size(directory.resolve(type + "/model.gguf")));
    }
    export("language", "default", "--format", "gguf").requireDone();
    assertThat(directory.resolve("default/model.gguf"))
        .hasSameBinaryContentAs(directory.resolve("fp32/model.gguf"));
    assertThat(Files.size(directory.resolve("fp16/model.gguf")))
        .isLessThan(Files.size(directory.resolve("fp32/model.gguf")));
  }

  @Test
  void whatGgufCannotSayIsRefusedAndLeavesNothing() throws IOException {
    writeLanguageModel(1e8);
    CommandRun classifier = export("model", "exported", "--format", "gguf");
    assertThat(classifier.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(classifier.err())
        .contains("model.head.kind is sequence-classification, not language-model: train")
        .hasLineCount(1);
    CommandRun tooLarge = export("language", "exported", "--format", "gguf", "--dtype", "fp16");
    assertThat(tooLarge.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(tooLarge.err()).contains("too large for fp16: pass --dtype fp32 or bf16");
    CommandRun torchScript =
        export("model", "exported", "--format", "torchscript", "--dtype", "bf16");
    assertThat(torchScript.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(torchScript.err())
        .contains("--dtype bf16 does not go with --format torchscript, whose weights are fp32");
    assertThat(names(directory)).containsExactly("language", "model");
  }

  private void writeLanguageModel(double scale) throws IOException {
    BpeTokenizer tokenizer = BpeTokenizer.of(BuiltIn.GPT2.model());
    ModelConfig config = ModelConfig.gpt2(tokenizer.vocabSize(), 8, 1, 2, 4);
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 1)) {
      model.weights().get("transformer.h.0.mlp.c_fc.weight").muli(scale);
      ModelFixture.at(directory.resolve("language"))
          .save(
              model,
              new TextProcessing(
                  Optional.of(tokenizer), Optional.of(50256), List.of(), TextReading.PLAIN));
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
    assertThat(names(directory.resolve("exported"))).hasSize(6).doesNotContain("notes.txt");
  }

  @Test
  void whatIsNoModelOrNoFormatIsRefusedAndLeavesNothing() throws IOException {
    Files.createDirectory(directory.resolve("empty"));
    CommandRun noModel = export("empty", "exported", "--format", "torchscript");
    assertThat(noModel.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(noModel.err()).contains("has no config.json, so it is not a model directory");
    CommandRun noFormat = export("model", "exported", "--format", "onnx");
    assertThat(noFormat.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(noFormat.err()).contains("onnx", "TORCHSCRIPT", "GGUF");
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
