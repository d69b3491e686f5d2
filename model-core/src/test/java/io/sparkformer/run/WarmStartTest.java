package io.sparkformer.run;

import static io.sparkformer.SharedFiles.floats;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static io.sparkformer.run.TinyRun.train;
import static io.sparkformer.run.TinyRun.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.ProblemType;
import io.sparkformer.run.RunDirectory.Mode;
import io.sparkformer.safetensors.NumberFormat;
import io.sparkformer.safetensors.SafeTensors;
import io.sparkformer.safetensors.TensorWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that begins with another's weights: {@code training.init-from}. */
class WarmStartTest {

  private static final String[] LANGUAGE_MODEL = {
    "data.order=epochs", "data.samples=sequences", "training.max-steps=3", "model.dropout=0"
  };

  /** Weights stay as they began: whatever they are at the end is what they started from. */
  private static final String[] STILL = {
    "training.max-steps=1", "optimizer.learning-rate=0", "schedule.kind=constant", "model.dropout=0"
  };

  private static final String CLASSIFIER = "model.head.kind=sequence-classification";

  @TempDir private static Path shared;
  @TempDir private Path directory;

  /** A text with labels, and a language model of it. */
  private static Path data;

  private static Path source;

  @BeforeAll
  static void trainALanguageModel() throws IOException {
    data =
        LabelledText.dataset(shared.resolve("data"), withTwoLetters(40, 1), withTwoLetters(10, 2));
    train(data, shared.resolve("out"), Mode.START, LANGUAGE_MODEL);
    source = shared.resolve("out/last");
  }

  /** A language model needs something to predict. */
  private static List<String> withTwoLetters(int count, long seed) {
    return LabelledText.texts(count, seed).stream().map(text -> text + "a").toList();
  }

  @Test
  void theBackboneIsReusedBitForBitAndAnotherHeadIsNew() throws IOException {
    Map<String, float[]> started = started("a", "model.head.output=own");
    Map<String, float[]> afresh = weights(run("b", CLASSIFIER, "data.order=epochs"));
    Map<String, float[]> before = weights(source);

    Map<String, float[]> classifier =
        started("c", CLASSIFIER, "model.mask=bidirectional", "data.order=epochs");

    assertThat(before).doesNotContainKey("score.weight");
    before.forEach(
        (name, values) -> {
          assertThat(started.get(name)).as(name).isEqualTo(values);
          assertThat(classifier.get(name)).as(name).isEqualTo(values);
        });
    assertThat(started).containsKey("lm_head.weight").hasSize(before.size() + 1);
    assertThat(classifier).containsKey("score.weight").hasSize(before.size() + 1);
    // What is new begins as it does without the other model.
    assertThat(classifier.get("score.weight")).isEqualTo(afresh.get("score.weight"));
    assertThat(classifier.get("transformer.wte.weight"))
        .isNotEqualTo(afresh.get("transformer.wte.weight"));
  }

  @Test
  void aModelInShardsOfBf16IsReusedAsItsNumbersAre() throws IOException {
    Path halved = directory.resolve("halved");
    ModelDirectory from = ModelDirectory.open(new Configuration(), hadoop(source));
    try (Gpt model = from.load(Precision.FP32, Device.cpu())) {
      ModelDirectory.at(new Configuration(), hadoop(halved))
          .save(
              model.config(),
              model.weights(),
              from.processing(),
              new TensorWriter(NumberFormat.BF16, 2_000));
    }
    assertThat(halved.resolve("model.safetensors.index.json")).exists();

    Map<String, float[]> started = weights(run("halves", "training.init-from=" + halved));

    Map<String, float[]> whole = weights(source);
    started.forEach(
        (name, values) -> {
          for (int i = 0; i < values.length; i++) {
            int bits = Float.floatToRawIntBits(whole.get(name)[i]);
            int rounded = (bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF_0000;
            assertThat(values[i]).as(name).isEqualTo(Float.intBitsToFloat(rounded));
          }
        });
  }

  @Test
  void theSameHeadIsReusedAndOneOfOtherLabelsIsNot() throws IOException {
    Path tuned = run("tuned", CLASSIFIER, "data.order=epochs", "training.seed=3");

    Map<String, float[]> again =
        weights(run("again", CLASSIFIER, "data.order=epochs", "training.init-from=" + tuned));
    Map<String, float[]> ofTokens =
        weights(run("tokens", "model.head.output=own", "training.init-from=" + tuned));

    weights(tuned).forEach((name, v) -> assertThat(again.get(name)).as(name).isEqualTo(v));
    assertThat(ofTokens).containsKey("lm_head.weight").doesNotContainKey("score.weight");
  }

  @Test
  void aModelOfSeveralLabelsIsTrainedToChooseOne() throws IOException {
    Path several = run("several", CLASSIFIER, "data.order=epochs");
    Path config = several.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("single_label", "multi_label"));

    Path tuned = run("tuned", CLASSIFIER, "data.order=epochs", "training.init-from=" + several);

    assertThat(problem(several)).isEqualTo(ProblemType.MULTI_LABEL_CLASSIFICATION);
    assertThat(problem(tuned)).isEqualTo(ProblemType.SINGLE_LABEL_CLASSIFICATION);
  }

  private static ProblemType problem(Path model) throws IOException {
    return ModelDirectory.at(localFiles(), hadoop(model)).problem();
  }

  @Test
  void aHeadOfTheSameSizeForLabelsOfOtherNamesIsNew() throws IOException {
    Path tuned = run("tuned", CLASSIFIER, "data.order=epochs", "training.seed=3");
    Path renamed = Files.createDirectory(directory.resolve("renamed"));
    for (String file : Folder.names(data)) {
      Files.copy(data.resolve(file), renamed.resolve(file));
    }
    Path manifest = renamed.resolve("dataset.json");
    Files.writeString(
        manifest, Files.readString(manifest).replace("starts with c", "has nothing of it"));
    Path out = directory.resolve("out");

    train(
        renamed,
        out,
        Mode.START,
        with(STILL, CLASSIFIER, "data.order=epochs", "training.init-from=" + tuned));

    Map<String, float[]> started = weights(out.resolve("last"));
    Map<String, float[]> before = weights(tuned);
    assertThat(started.get("score.weight")).isNotEqualTo(before.get("score.weight"));
    assertThat(started.get("transformer.wte.weight"))
        .isEqualTo(before.get("transformer.wte.weight"));
  }

  @Test
  void aShorterContextHasTheFirstPositionsOfTheLonger() throws IOException {
    float[] positions = weights(source).get("transformer.wpe.weight");

    float[] shorter = started("out", "model.context-length=5").get("transformer.wpe.weight");

    assertThat(positions).hasSize(8 * 16);
    assertThat(shorter).isEqualTo(Arrays.copyOf(positions, 5 * 16));
  }

  @Test
  void trainingGoesOnFromThere() throws IOException {
    Path out = directory.resolve("out");

    TrainingResult summary =
        train(data, out, Mode.START, with(LANGUAGE_MODEL, "training.init-from=" + source));

    assertThat(summary.resumedFrom()).isZero();
    assertThat(summary.steps()).isEqualTo(3);
    assertThat(weights(out.resolve("last")).get("transformer.wte.weight"))
        .isNotEqualTo(weights(source).get("transformer.wte.weight"));
  }

  @Test
  void aResumedRunDoesNotReadItAgain() throws IOException {
    Path out = directory.resolve("out");
    Path copy = directory.resolve("copy");
    Files.createDirectories(copy);
    for (String file : Folder.names(source)) {
      Files.copy(source.resolve(file), copy.resolve(file));
    }
    String[] settings = with(LANGUAGE_MODEL, "training.init-from=" + copy);
    train(data, out, Mode.START, settings);
    for (String file : Folder.names(copy)) {
      Files.delete(copy.resolve(file));
    }
    Files.delete(copy);

    TrainingResult resumed = train(data, out, Mode.RESUME, with(settings, "training.max-steps=5"));

    assertThat(resumed.resumedFrom()).isEqualTo(3);
    assertThat(resumed.steps()).isEqualTo(5);
  }

  @Test
  void anotherShapeIsRefusedWithTheKeyAndBothValues() {
    assertRefused("model.num-layers=1")
        .hasMessage(
            "training.init-from: model.num-layers is 1, but %s has 2: set it to that",
            path(source));
    assertRefused("model.embedding-dim=32")
        .hasMessage(
            "training.init-from: model.embedding-dim is 32, but %s has 16: set it to that",
            path(source));
    assertRefused("model.vocab-size=5")
        .hasMessage(
            "training.init-from: model.vocab-size is 5, but %s has 3: set it to that",
            path(source));
    assertRefused("model.activation=relu")
        .hasMessage(
            "training.init-from: model.activation is relu, but %s has gelu-tanh: set it to that",
            path(source));
    assertRefused("model.bias=false")
        .hasMessage(
            "training.init-from: model.bias is false, but %s has true: set it to that",
            path(source));
    assertRefused("model.context-length=9")
        .hasMessage(
            "training.init-from: model.context-length is 9, but %s has 8: set it to that at most",
            path(source));
  }

  @Test
  void anotherTokenizerIsRefused() throws IOException {
    Path other = TinyRun.dataset(directory.resolve("other"), "xyz".repeat(50), "xyzzy");

    assertThatThrownBy(
            () ->
                train(other, directory.resolve("out"), Mode.START, "training.init-from=" + source))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "training.init-from: %s has another tokenizer than the data set: tokenize with --tokenizer %s",
            path(source), path(source));
    assertThat(directory.resolve("out")).doesNotExist();
  }

  @Test
  void aDirectoryThatIsNoModelIsRefused() {
    assertThatThrownBy(
            () ->
                train(
                    data,
                    directory.resolve("out"),
                    Mode.START,
                    with(LANGUAGE_MODEL, "training.init-from=" + directory.resolve("none"))))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("none: no such model directory: check the path");
    assertThat(directory.resolve("out")).doesNotExist();
  }

  private AbstractThrowableAssert<?, ?> assertRefused(String setting) {
    Path out = directory.resolve("out");
    AbstractThrowableAssert<?, ?> refused =
        assertThatThrownBy(
                () ->
                    train(
                        data,
                        out,
                        Mode.START,
                        with(LANGUAGE_MODEL, "training.init-from=" + source, setting)))
            .isInstanceOf(InvalidInputException.class);
    assertThat(out).doesNotExist();
    return refused;
  }

  /** The weights that a run of no learning begins with. */
  private Map<String, float[]> started(String name, String... settings) throws IOException {
    return weights(run(name, with(settings, "training.init-from=" + source)));
  }

  private Path run(String name, String... settings) throws IOException {
    String[] all = with(with(STILL, "data.samples=sequences"), settings);
    train(data, directory.resolve(name), Mode.START, all);
    return directory.resolve(name).resolve("last");
  }

  private static String path(Path model) {
    return io.sparkformer.datasets.Storage.path(model.toString()).toString();
  }

  private static Map<String, float[]> weights(Path model) throws IOException {
    Map<String, float[]> weights = new TreeMap<>();
    SafeTensors.read(localFiles(), hadoop(model.resolve("model.safetensors")))
        .forEach((name, entry) -> weights.put(name, floats(entry)));
    return weights;
  }
}
