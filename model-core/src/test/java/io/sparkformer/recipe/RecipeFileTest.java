package io.sparkformer.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.LocalFiles;
import io.sparkformer.model.Activation;
import io.sparkformer.model.Precision;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a recipe may say, and what is said about one that is wrong. */
class RecipeFileTest {

  private static final int VOCAB = 65;

  @TempDir private Path directory;

  @Test
  void theDefaultsAreARecipe() {
    Recipe recipe = RecipeFile.defaults().bind(DataShape.ofVocabulary(VOCAB));

    assertThat(recipe.model().vocabSize()).isEqualTo(VOCAB);
    assertThat(recipe.model().feedForwardDim()).isEqualTo(4 * recipe.model().embeddingDim());
    assertThat(recipe.model().activation()).isEqualTo(Activation.GELU_TANH);
    assertThat(recipe.training().precision()).isEqualTo(Precision.FP32);
    assertThat(recipe.training().globalBatchSize()).isEqualTo(12);
    assertThat(recipe.training().gradAccumSteps()).isEqualTo(1);
    assertThat(recipe.schedule().kind()).isEqualTo(ScheduleConfig.Kind.COSINE);
  }

  @Test
  void anEmptyFileIsTheDefaults() {
    Recipe defaults = RecipeFile.defaults().bind(DataShape.ofVocabulary(VOCAB));

    assertThat(RecipeFile.parse("", "r.yaml").bind(DataShape.ofVocabulary(VOCAB)))
        .isEqualTo(defaults);
    assertThat(RecipeFile.parse("# nothing\n", "r.yaml").bind(DataShape.ofVocabulary(VOCAB)))
        .isEqualTo(defaults);
  }

  @Test
  void aFileThatIsNotThereAndADirectoryAreNamed() {
    org.apache.hadoop.fs.Path missing = LocalFiles.hadoop(directory.resolve("no.yaml"));
    org.apache.hadoop.fs.Path folder = LocalFiles.hadoop(directory);

    assertRefused(() -> RecipeFile.read(LocalFiles.localFiles(), missing))
        .hasMessageEndingWith("no.yaml: no such recipe: check the path given to --config");
    assertRefused(() -> RecipeFile.read(LocalFiles.localFiles(), folder))
        .hasMessageEndingWith(" is a directory: --config takes a recipe's YAML file");
  }

  @Test
  void anUnknownKeyIsNamedWithItsSourceAndTheKnownOnes() {
    assertParseRefused("model:\n  num-layer: 2\n")
        .hasMessageStartingWith("r.yaml: unknown key 'model.num-layer': known here are ")
        .hasMessageContaining("model.num-layers, model.num-heads");
    assertParseRefused("trainning:\n  max-steps: 2\n")
        .hasMessage(
            "r.yaml: unknown key 'trainning': known here are model, data, training, loss, optimizer, schedule, evaluation, checkpoint");
    assertParseRefused("max-steps: 2\n").hasMessageStartingWith("r.yaml: unknown key 'max-steps'");
  }

  @Test
  void aSectionWithoutKeysIsRefused() {
    assertParseRefused("model: 3\n")
        .hasMessageStartingWith("r.yaml: 'model' is a section: it must hold keys such as model.");
    assertParseRefused("model:\ntraining:\n  max-steps: 2\n")
        .hasMessageStartingWith("r.yaml: 'model' is a section");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "training.max-steps | many   | training.max-steps is 'many': it must be a whole number",
        "training.max-steps | 2.5    | training.max-steps is '2.5': it must be a whole number",
        "training.max-steps | '20'   | training.max-steps is '20': it must be a whole number",
        "training.max-steps | true   | training.max-steps is 'true': it must be a whole number",
        "training.max-steps | ``     | training.max-steps is '': it must be a whole number",
        "training.max-steps | [1, 2] | training.max-steps is '[1,2]': it must be a whole number",
        "training.max-steps | {a: 1} | training.max-steps is '{\"a\":1}': it must be a whole number",
        "training.max-steps | 99999999999999999999 | training.max-steps is '99999999999999999999': it must be a whole number",
        "optimizer.beta1    | high   | optimizer.beta1 is 'high': it must be a number",
        "model.bias         | maybe  | model.bias is 'maybe': it must be true or false",
        "model.bias         | 1      | model.bias is '1': it must be true or false",
        "schedule.kind      | 3      | schedule.kind is '3': it must be a word",
      })
  void aValueOfTheWrongTypeIsRefusedWithTheRightOne(String key, String value, String message) {
    assertRefused(() -> RecipeFile.defaults().with(List.of(key + "=" + value)))
        .hasMessage("--set " + key + "=" + value + ": " + message);
    String[] parts = key.split("\\.", -1);
    assertParseRefused(parts[0] + ":\n  " + parts[1] + ": " + value)
        .hasMessage("r.yaml: " + message);
  }

  @Test
  void aModelMayHaveALargerVocabularyThanTheData() {
    assertThat(
            RecipeFile.defaults()
                .with(List.of("model.vocab-size=128"))
                .bind(DataShape.ofVocabulary(VOCAB))
                .model()
                .vocabSize())
        .isEqualTo(128);
  }

  @Test
  void aClassifierNeedsTwoLabels() {
    RecipeFile recipe =
        RecipeFile.defaults().with(List.of("model.head.kind=sequence-classification"));

    assertThat(recipe.headKind()).isEqualTo("sequence-classification");
    assertThatThrownBy(() -> recipe.bind(new DataShape(VOCAB, List.of("only"), 100, 10)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("the data set has one label (only): classification needs at least two");
  }

  @Test
  void aKeyThatIsThereTwiceIsRefusedWithItsLine() {
    assertParseRefused("model:\n  num-layers: 2\n  num-heads: 2\n  num-layers: 3\n")
        .hasMessage("r.yaml is not YAML: line 4: Duplicate field 'num-layers'");
  }

  @Test
  void whatIsNotYamlIsRefusedWithItsLine() {
    assertParseRefused("model:\n  num-layers: 2\n num-heads: 2\n")
        .hasMessageStartingWith("r.yaml is not YAML: line 3: expected <block end>, but found ");
    assertParseRefused("model: [1\n").hasMessageStartingWith("r.yaml is not YAML: line ");
    assertParseRefused("\tmodel: 1\n").hasMessageStartingWith("r.yaml is not YAML: line 1: ");
  }

  @Test
  void aRootThatIsNoMapIsRefused() {
    String message = "r.yaml is not a recipe: it must have sections such as model:";
    assertParseRefused("hello\n").hasMessage(message);
    assertParseRefused("42\n").hasMessage(message);
    assertParseRefused("- model\n").hasMessage(message);
  }

  @Test
  void aSecondDocumentIsRefused() {
    assertParseRefused("model:\n  num-layers: 2\n---\nmodel:\n  num-layers: 3\n")
        .hasMessageStartingWith("r.yaml is not a recipe: it holds more than one YAML document");
  }

  @Test
  void settingsReplaceWhatTheFileSaysTheLastOneWins() {
    Recipe recipe =
        RecipeFile.parse("training:\n  max-steps: 7\n  seed: 3\n", "r.yaml")
            .with(
                List.of(
                    "training.max-steps=8",
                    "training.max-steps=9",
                    "optimizer.learning-rate=1e-3",
                    "optimizer.epsilon=1E-9",
                    "optimizer.weight-decay=0",
                    "model.bias=false",
                    "schedule.kind=linear"))
            .bind(DataShape.ofVocabulary(VOCAB));

    assertThat(recipe.training().maxSteps()).isEqualTo(9);
    assertThat(recipe.training().seed()).isEqualTo(3);
    assertThat(recipe.optimizer().learningRate()).isEqualTo(0.001);
    assertThat(recipe.optimizer().epsilon()).isEqualTo(1e-9);
    assertThat(recipe.optimizer().weightDecay()).isZero();
    assertThat(recipe.model().bias()).isFalse();
    assertThat(recipe.schedule().kind()).isEqualTo(ScheduleConfig.Kind.LINEAR);
  }

  @Test
  void aNumberMayBeWrittenWithAnExponentInAFileToo() {
    String text = "optimizer:\n  learning-rate: 6e-4\n  weight-decay: 1\n";

    Recipe recipe = RecipeFile.parse(text, "r.yaml").bind(DataShape.ofVocabulary(VOCAB));

    assertThat(recipe.optimizer().learningRate()).isEqualTo(0.0006);
    assertThat(recipe.optimizer().weightDecay()).isEqualTo(1);
  }

  @Test
  void withLeavesTheRecipeItIsCalledOnAsItWas() {
    RecipeFile file = RecipeFile.defaults();

    assertThat(
            file.with(List.of("training.seed=5"))
                .bind(DataShape.ofVocabulary(VOCAB))
                .training()
                .seed())
        .isEqualTo(5);
    assertThat(file.bind(DataShape.ofVocabulary(VOCAB)).training().seed()).isEqualTo(1337);
  }

  @ParameterizedTest
  @CsvSource({"training.max-steps", "max-steps=3", ".max-steps=3", "=3", "''"})
  void aSettingOfAnotherFormIsRefused(String setting) {
    assertRefused(() -> RecipeFile.defaults().with(List.of(setting)))
        .hasMessage(
            "--set " + setting + ": it must be section.key=value, as in training.max-steps=100");
  }

  @Test
  void anUnknownSettingIsNamed() {
    assertRefused(() -> RecipeFile.defaults().with(List.of("checkpoint.keeps=3")))
        .hasMessage(
            "--set checkpoint.keeps=3: unknown key 'checkpoint.keeps': known here are checkpoint.interval, checkpoint.per, checkpoint.keep, checkpoint.on-failure");
    assertRefused(() -> RecipeFile.defaults().with(List.of("checkpoints.keep=3")))
        .hasMessageStartingWith("--set checkpoints.keep=3: unknown key 'checkpoints'");
    assertRefused(() -> RecipeFile.defaults().with(List.of("optimizer.beta1=.nan")))
        .hasMessage("--set optimizer.beta1=.nan: the value is not YAML");
    assertRefused(() -> RecipeFile.defaults().with(List.of("training.seed=[")))
        .hasMessage("--set training.seed=[: the value is not YAML");
  }

  @Test
  void theRecipeAsRunIsTheSameRecipe() {
    RecipeFile file =
        RecipeFile.parse("model:\n  dropout: 0.1\n  head: {output: own}\n", "r.yaml")
            .with(
                List.of(
                    "optimizer.learning-rate=3e-7",
                    "optimizer.epsilon=1e-12",
                    "training.seed=-9007199254740993",
                    "training.precision=bf16",
                    "model.activation=gelu",
                    "schedule.kind=constant"));

    RecipeFile again = RecipeFile.parse(file.yaml(), "recipe.yaml");

    assertThat(again.bind(DataShape.ofVocabulary(VOCAB)))
        .isEqualTo(file.bind(DataShape.ofVocabulary(VOCAB)));
    assertThat(again.yaml()).isEqualTo(file.yaml()).contains("learning-rate", "keep: 2");
  }

  @Test
  void sectionsInSectionsAreSetAndKeepTheirOtherKeys() {
    Recipe recipe =
        RecipeFile.parse("model:\n  head: {output: own, bias: true}\n", "r.yaml")
            .with(List.of("model.head.bias=false", "model.num-layers=0"))
            .bind(DataShape.ofVocabulary(VOCAB));

    assertThat(recipe.model().head()).isEqualTo(io.sparkformer.model.Head.OWN);
    assertRefused(() -> RecipeFile.defaults().with(List.of("model.head.outputs=own")))
        .hasMessageStartingWith(
            "--set model.head.outputs=own: unknown key 'model.head.outputs': known here are model.head.kind, ");
    assertRefused(() -> RecipeFile.defaults().with(List.of("model.head=own")))
        .hasMessageStartingWith(
            "--set model.head=own: 'model.head' is a section: it must hold keys such as model.head.kind");
    assertRefused(() -> RecipeFile.defaults().with(List.of("model.num-layers.deep=1")))
        .hasMessage(
            "--set model.num-layers.deep=1: model.num-layers is '{\"deep\":1}': it must be a whole number");
  }

  @Test
  void listsAreListsInFilesAndSettings() {
    Recipe recipe =
        RecipeFile.parse("training:\n  freeze:\n  - transformer.h.0.*\n", "r.yaml")
            .with(
                List.of(
                    "optimizer.no-decay=['*.bias', transformer.wpe.weight]",
                    "data.source=sentences",
                    "data.sentences=[one two, three]"))
            .bind(DataShape.ofVocabulary(VOCAB));

    assertThat(recipe.training().freeze()).containsExactly("transformer.h.0.*");
    assertThat(recipe.optimizer().noDecay()).containsExactly("*.bias", "transformer.wpe.weight");
    assertThat(recipe.data().sentences()).containsExactly("one two", "three");
    assertRefused(() -> RecipeFile.defaults().with(List.of("training.freeze=transformer.*")))
        .hasMessage(
            "--set training.freeze=transformer.*: training.freeze is 'transformer.*': it must be a list, as in [a, b]");
    assertThatThrownBy(
            () ->
                RecipeFile.defaults()
                    .with(List.of("loss.class-weights=[1, heavy]"))
                    .bind(DataShape.ofVocabulary(2)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("loss.class-weights holds 'heavy': it must be a list of numbers");
    assertRefused(() -> RecipeFile.defaults().with(List.of("loss.class-weights=[1, ~]")))
        .hasMessage(
            "--set loss.class-weights=[1, ~]: loss.class-weights is '[1,null]': it must be a list, as in [a, b]");
  }

  private static AbstractThrowableAssert<?, ?> assertParseRefused(String text) {
    return assertRefused(() -> RecipeFile.parse(text, "r.yaml"));
  }

  private static AbstractThrowableAssert<?, ?> assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOf(InvalidInputException.class)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }
}
