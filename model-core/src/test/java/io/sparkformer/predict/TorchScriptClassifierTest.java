package io.sparkformer.predict;

import static io.sparkformer.SharedFiles.largestDifference;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.model.Head.Layers;
import io.sparkformer.model.Head.Pooling;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.predict.ExportedModels.Appended;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DJL model directories in place of our own. */
class TorchScriptClassifierTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String HADOOP_LOG = "org.apache.hadoop";

  @TempDir private Path directory;
  private Path ours;
  private Path exported;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  @BeforeEach
  void export() throws IOException {
    ours = ExportedModels.ofLetters(ExportedModels.PLAIN, directory.resolve("ours"));
    exported = ExportedModels.export(ours, directory.resolve("exported"));
  }

  @Test
  void fourThreadsAtOnceHaveTheResultsOfOne() throws Exception {
    List<String> texts = ExportedModels.texts(64, 15);
    try (SequenceModel model = ExportedModels.open(exported)) {
      float[][] expected = ExportedModels.logits(model, texts);
      ExecutorService threads = Executors.newFixedThreadPool(4);
      try {
        Callable<float[][]> task = () -> ExportedModels.logits(model, texts);
        for (Future<float[][]> result :
            threads.invokeAll(IntStream.range(0, 4).mapToObj(i -> task).toList())) {
          assertThat(result.get()).isDeepEqualTo(expected);
        }
      } finally {
        threads.shutdown();
      }
    }
  }

  @Test
  void anotherProgramsModelKeepsItsSpecialTokensWhenATextIsCut() throws IOException {
    madeElsewhere();
    try (SequenceModel model = ExportedModels.open(exported, Trust.ANYBODY)) {
      TextReader reader = model.reader(Optional.empty());

      // 0 is what the post-processor appends; the config says 12 positions.
      assertThat(reader.read("ab")).containsExactly(2, 3, 0);
      assertThat(reader.read("abababababababab"))
          .containsExactly(2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 0);
    }
  }

  @Test
  void theTokenizersOwnLimitCountsIfItIsTheSmaller() throws IOException {
    madeElsewhere();
    Files.writeString(
        exported.resolve("tokenizer_config.json"), "{\"model_max_length\": 4, \"x\": 1}");
    try (SequenceModel model = ExportedModels.open(exported, Trust.ANYBODY)) {
      assertThat(model.reader(Optional.empty()).read("abcdefgh")).containsExactly(2, 3, 4, 0);
    }
    Files.writeString(
        exported.resolve("tokenizer_config.json"),
        "{\"model_max_length\": 1000000000000000019884624838656}");
    try (SequenceModel model = ExportedModels.open(exported, Trust.ANYBODY)) {
      assertThat(model.reader(Optional.empty()).read("abcdefgh".repeat(3))).hasSize(12);
    }
  }

  /** Without what says that it is an export of ours. */
  private void madeElsewhere() throws IOException {
    config(
        json -> {
          json.remove("sparkformer_reading");
          json.remove("sparkformer");
        });
    Files.delete(exported.resolve("serving.properties"));
    Files.move(exported.resolve("model.pt"), exported.resolve("traced_bert.pt"));
  }

  @Test
  void gpt2sVocabularyReadsOddTextsAsOursDoes() throws IOException {
    ExportedModels.Shape shape =
        new ExportedModels.Shape(
            Mask.CAUSAL, Pooling.LAST, Layers.LINEAR, 12, Appended.A_TOKEN, Truncation.LEFT);
    Path gpt2 = ExportedModels.ofGpt2(shape, directory.resolve("gpt2"));
    Path module = ExportedModels.export(gpt2, directory.resolve("gpt2-exported"));
    List<String> texts =
        List.of(
            "",
            " ",
            "\ud800 half a pair \udc00",
            "\u0000\u0001",
            "😀".repeat(9),
            "a<|endoftext|>b");
    try (SequenceModel model = ExportedModels.open(gpt2);
        SequenceModel again = ExportedModels.open(module)) {
      for (String text : texts) {
        assertThat(again.reader(Optional.empty()).read(text))
            .as(text)
            .isEqualTo(model.reader(Optional.empty()).read(text));
      }
      float[][] logits = ExportedModels.logits(again, texts);
      float[][] expected = ExportedModels.logits(model, texts);
      for (int i = 0; i < logits.length; i++) {
        assertThat(largestDifference(logits[i], expected[i])).isLessThan(1e-5);
      }
    }
  }

  @Test
  void aTextWithoutTokensOfTheVocabularyIsRefused() throws IOException {
    try (SequenceModel model = ExportedModels.open(exported, Trust.ANYBODY)) {
      TextReader reader = model.reader(Optional.empty());
      assertThatThrownBy(() -> reader.read("xyz"))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageStartingWith("the tokenizer has no tokens for a text of 3 characters");
      assertThat(reader.read("ab")).containsExactly(2, 3, 0);
    }
  }

  @Test
  @Tag("cluster")
  void aRemoteModelIsCopiedAndItsCopyDeletedOnClose() throws IOException {
    org.apache.hadoop.conf.Configuration configuration = new org.apache.hadoop.conf.Configuration();
    configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.resolve("hdfs").toString());
    Configurator.setLevel(HADOOP_LOG, Level.OFF); // It has much to say about its configuration.
    MiniDFSCluster cluster = new MiniDFSCluster.Builder(configuration).build();
    try {
      FileSystem hdfs = cluster.getFileSystem();
      org.apache.hadoop.fs.Path remote =
          hdfs.makeQualified(new org.apache.hadoop.fs.Path("/models/exported"));
      hdfs.mkdirs(remote.getParent());
      hdfs.copyFromLocalFile(hadoop(exported), remote);
      List<String> before = copies();
      try (SequenceModel model =
              SequenceModel.open(
                  remote.toString(), ExportedModels.HADOOP, Device.cpu(), Trust.OURS);
          SequenceModel local = ExportedModels.open(exported)) {
        assertThat(copies()).hasSize(before.size() + 1);
        List<String> texts = ExportedModels.texts(3, 15);
        assertThat(ExportedModels.logits(model, texts))
            .isDeepEqualTo(ExportedModels.logits(local, texts));
      }
      assertThat(copies()).isEqualTo(before);
    } finally {
      cluster.shutdown(true);
      Configurator.setLevel(HADOOP_LOG, Level.WARN);
    }
  }

  private static List<String> copies() throws IOException {
    String process = System.getProperty("io.sparkformer.temporary-folder");
    if (process == null) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(Path.of(process))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("model-"))
          .sorted()
          .toList();
    }
  }

  @Test
  void whatIsMissingOrDamagedIsSaid() throws IOException {
    Path tokenizer = exported.resolve("tokenizer.json");
    byte[] kept = Files.readAllBytes(tokenizer);
    Files.delete(tokenizer);
    requireRefused("has a .pt file, but no tokenizer.json: texts cannot be read without it");
    Files.writeString(tokenizer, "{}");
    assertThatThrownBy(() -> ExportedModels.open(exported, Trust.ANYBODY))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("tokenizer.json is JSON, but not a tokenizer: it has no 'model'");
    Files.write(tokenizer, kept);

    config(json -> json.putObject("id2label").put("0", "a").put("1", "b"));
    assertThatThrownBy(() -> ExportedModels.open(exported, Trust.ANYBODY))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("gives logits of shape (2, 3) for 2 texts")
        .hasMessageContaining("names 2 labels");
    config(json -> json.putObject("id2label").put("0", "a").put("2", "b"));
    requireRefused("id2label in its config.json has 2 classes, but none with id 1");
    config(json -> json.putObject("id2label").put("0", "a").put("1", "b").put("2", "c"));
    config(json -> json.put("problem_type", "ranking"));
    requireRefused("problem_type is 'ranking': it must be single_label_classification");
    config(json -> json.remove("id2label"));
    requireRefused("has no names for its classes: add them to its config.json");
    Files.delete(exported.resolve("config.json"));
    requireRefused("has a .pt file, but no config.json: write one with the classes' names");
  }

  @Test
  void aDamagedModuleIsSaidToBeDamaged() throws IOException {
    Path module = exported.resolve("model.pt");
    byte[] bytes = Files.readAllBytes(module);
    for (byte[] damaged :
        List.of(
            Arrays.copyOf(bytes, bytes.length / 2),
            new byte[0],
            "no module".getBytes(StandardCharsets.US_ASCII))) {
      Files.write(module, damaged);
      assertThatThrownBy(() -> ExportedModels.open(exported, Trust.ANYBODY))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("model.pt is not a TorchScript module, or damaged");
    }
  }

  @Test
  void aDirectoryOfNeitherKindAndOneOfSeveralModulesAreRefused() throws IOException {
    Files.copy(exported.resolve("model.pt"), exported.resolve("other.pt"));
    assertThat(SequenceModel.check(exported.toString(), ExportedModels.HADOOP, Trust.OURS).labels())
        .hasSize(3);
    Files.move(exported.resolve("model.pt"), exported.resolve("one.pt"));
    requireRefused("has 2 .pt files: name the one that is the model model.pt");
    Files.delete(exported.resolve("one.pt"));
    Files.delete(exported.resolve("other.pt"));
    requireRefused("is not a model directory");
    requireRefused("model.pt");
    assertThatThrownBy(
            () ->
                SequenceModel.check(
                    directory.resolve("nowhere").toString(), ExportedModels.HADOOP, Trust.OURS))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("nowhere: no such model directory");
  }

  @Test
  void ofADirectoryOfBothKindsOursCounts() throws IOException {
    Files.copy(exported.resolve("model.pt"), ours.resolve("model.pt"));
    try (SequenceModel model = ExportedModels.open(ours)) {
      assertThat(model).isInstanceOf(GptClassifier.class);
    }
  }

  private void requireRefused(String message) {
    List<Callable<?>> ways = new ArrayList<>();
    ways.add(() -> SequenceModel.check(exported.toString(), ExportedModels.HADOOP, Trust.ANYBODY));
    ways.add(() -> ExportedModels.open(exported));
    for (Callable<?> way : ways) {
      assertThatThrownBy(way::call)
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining(exported.toString())
          .hasMessageContaining(message);
    }
  }

  private void config(Consumer<ObjectNode> change) throws IOException {
    Path file = exported.resolve("config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(file.toFile());
    change.accept(json);
    JSON.writeValue(file.toFile(), json);
  }
}
