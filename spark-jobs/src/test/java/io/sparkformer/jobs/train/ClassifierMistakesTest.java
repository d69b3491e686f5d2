package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.Folder;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ThreeClassTexts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a user does wrong with classifiers and recipes: exit code 2, one line that says what to do,
 * and nothing stored.
 */
class ClassifierMistakesTest {

  private static final String REVERSAL =
      Path.of("..").toAbsolutePath().normalize().resolve("conf/reversal.yaml").toString();

  private static final String[] FEW_DIGITS = {
    "--set", "data.train-samples=256", "--set", "data.valid-samples=128"
  };

  @TempDir private static Path directory;

  @BeforeAll
  static void tokenizeAndTrain() throws IOException {
    Path table = ThreeClassTexts.table(directory.resolve("table.jsonl"));
    CommandRun.of(ThreeClassTexts.tokenize(table, at("labelled"), "--split", "stratified"))
        .requireDone();
    Path text = Files.writeString(directory.resolve("text.txt"), "snow on day 1 ".repeat(100));
    CommandRun.of("tokenize", "--input", text.toString(), "--output", path("unlabelled"))
        .requireDone();
    Files.writeString(directory.resolve("three-classes.yaml"), ThreeClassTexts.RECIPE);
    train("classifier", "--data", path("labelled"), "--set", "training.max-epochs=1").requireDone();
  }

  @Test
  void theDataSetMustBeOneForTheRecipe() throws IOException {
    refused(
        train("x"),
        "--data is missing: give a data set that tokenize made, or a recipe whose data.source makes its own");
    refused(
        trainBy(REVERSAL, "x", "--data", path("labelled")),
        "--data "
            + path("labelled")
            + ": the recipe makes its own data (data.source): leave --data"
            + " away, or set data.source=dataset");
    refused(
        train("x", "--data", path("unlabelled")),
        "model.head.kind is sequence-classification, but the data set has no labels: make it with"
            + " tokenize --label-column, or set model.head.kind=language-model");
    refused(
        train("x", "--data", path("labelled"), "--set", "model.head.kind=token-classification"),
        "row 0 has 1 labels for ",
        "use the head sequence-classification");
    refused(
        train("x", "--data", path("labelled"), "--set", "model.head.num-labels=4"),
        "model.head.num-labels is 4, but the data set has 3 labels (cold, hot, mild): leave the key away");
    List<String> sequences = new ArrayList<>(List.of(FEW_DIGITS));
    sequences.addAll(List.of("--set", "model.head.kind=sequence-classification"));
    sequences.addAll(List.of("--set", "model.head.layers=linear"));
    refused(
        trainBy(REVERSAL, "x", sequences.toArray(new String[0])),
        "row 0 has 16 labels for 16 tokens, but the head sequence-classification needs one for each"
            + " sequence: use the head token-classification");
  }

  @Test
  void aClassWithoutAnExampleInASplitIsNamed() throws IOException {
    List<String> rows = new ArrayList<>();
    for (int label = 0; label < 3; label++) { // the last tenth is mild alone
      for (int i = 0; i < 30; i++) {
        rows.add(
            ThreeClassTexts.row(ThreeClassTexts.text(label, i), ThreeClassTexts.LABELS.get(label)));
      }
    }
    Path table = Files.write(directory.resolve("sorted.jsonl"), rows);
    CommandRun.of(ThreeClassTexts.tokenize(table, at("sorted"), "--split", "tail")).requireDone();

    refused(
        train("x", "--data", path("sorted")),
        "'valid'",
        "has no example of the class 'cold' (id 0), which 30 of the data set's rows have: make the data set again with --split stratified,"
            + " with more data, or without the class");
  }

  @Test
  void aClassOfOneRowIsNamedWithWhatToDo() throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      rows.add(
          ThreeClassTexts.row(ThreeClassTexts.text(i % 2, i), ThreeClassTexts.LABELS.get(i % 2)));
    }
    rows.add(ThreeClassTexts.row("mud on day 1", "mild"));
    Path table = Files.write(directory.resolve("lone.jsonl"), rows);
    CommandRun.of(ThreeClassTexts.tokenize(table, at("lone"), "--split", "stratified"))
        .requireDone();

    refused(
        train("x", "--data", path("lone")),
        "'valid'",
        "has no example of the class 'mild' (id 2), which 1 of the data set's rows has: each split needs one, so"
            + " give the source more rows of it, leave them out or give them another class's label, and make the"
            + " data set again");
  }

  @Test
  void valuesOfTheRecipeAreChecked() throws IOException {
    set(
        "model.head.kind=sequence-clasification",
        "model.head.kind is 'sequence-clasification': it"
            + " must be one of language-model, token-classification, sequence-classification");
    set("model.head.kind=text-classification", "model.head.kind is 'text-classification': it must");
    set("model.head.pooling=first", "model.head.pooling is 'first': it must be one of last, mean");
    set("model.head.heads=2", "unknown key 'model.head.heads': known here are model.head.kind, ");
    set("model.mask=full", "model.mask is 'full': it must be one of causal, bidirectional");
    set(
        "data.order=random",
        "the recipe counts epochs, but data.order is random, which has none:"
            + " set data.order=epochs");
    set("data.truncate=middle", "data.truncate is 'middle': it must be one of right, left");
    set("evaluation.monitor=f1", "evaluation.monitor is 'f1': it must be one of loss, accuracy,");
    set("evaluation.patience=-1", "evaluation.patience is -1: it must be at least 0");
    set("evaluation.min-delta=-0.1", "evaluation.min-delta is -0.1: it must be 0 or more");
    set("evaluation.interval=0", "evaluation.interval is 0: it must be at least 1");
    set("training.max-epochs=-1", "training.max-epochs is -1: it must be at least 0");
    set("training.max-epochs=some", "training.max-epochs is 'some': it must be a whole number");
    set("checkpoint.interval=0", "checkpoint.interval is 0: it must be at least 1");
    set(
        "loss.class-weights=[1, 2]",
        "loss.class-weights has 2 numbers, but there are 3 classes:" + " give one for each");
    set("loss.class-weights=[1, 2, -3]", "loss.class-weights is -3.0: it must be 0 or more");
    set(
        "loss.class-weights=[a, b, c]",
        "loss.class-weights holds 'a': it must be a list of numbers");
    set("loss.label-smoothing=1", "loss.label-smoothing is 1.0: it must be at least 0 and below 1");
    set("optimizer.momentum=0.9", "optimizer.momentum is 0.9, but optimizer.kind is not sgd");
    set(
        "training.freeze=transformer.*",
        "training.freeze is 'transformer.*': it must be a list, as in");
  }

  @Test
  void epochsAndFiguresOfClassesAreNotForEveryLanguageModel() throws IOException {
    Path recipe =
        Files.writeString(
            directory.resolve("language.yaml"),
            "model: {context-length: 8, num-layers: 1, num-heads: 2, embedding-dim: 16}");
    for (String counted :
        List.of(
            "training.max-epochs=2",
            "evaluation.per=epoch",
            "checkpoint.per=epoch",
            "schedule.per=epoch")) {
      refused(
          trainBy(recipe.toString(), "x", "--data", path("unlabelled"), "--set", counted),
          "the recipe counts epochs, but data.order is random, which has none");
    }
    refused(
        trainBy(
            recipe.toString(),
            "x",
            "--data",
            path("unlabelled"),
            "--set",
            "evaluation.monitor=macro-f1"),
        "evaluation.monitor is macro-f1, which a language model does not have: set it to loss or accuracy");
  }

  @Test
  void frozenWeightsMustBeThereAndNotBeAll() throws IOException {
    set(
        "training.freeze=[encoder.*]",
        "training.freeze: 'encoder.*' matches no weight: the model has"
            + " transformer.wte.weight, ");
    set(
        "training.freeze=['*']",
        "training.freeze: * matches every weight, so there is nothing to"
            + " train: leave some out");
  }

  @Test
  void theModelToStartFromMustFit() throws IOException {
    Files.createDirectory(directory.resolve("empty"));
    set(
        "training.init-from=" + path("nowhere"),
        "nowhere: no such model directory: check the path");
    set("training.init-from=" + path("empty"), "empty has no config.json, so it is not a model");
    set(
        "training.init-from=" + path("classifier"),
        "classifier has no config.json, so it is not a"
            + " model directory: a training run keeps its models in best/ and last/");
    String from = "training.init-from=" + path("classifier/best");
    refused(
        train("x", "--data", path("labelled"), "--set", from, "--set", "model.embedding-dim=16"),
        "training.init-from: model.embedding-dim is 16, but ",
        "classifier/best has 32: set it to that");
    refused(
        train("x", "--data", path("labelled"), "--set", from, "--set", "model.context-length=30"),
        "training.init-from: model.context-length is 30, but ",
        " has 24: set it to that at most");
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      rows.add(
          ThreeClassTexts.row(
              ThreeClassTexts.text(i % 3, i) + "!", ThreeClassTexts.LABELS.get(i % 3)));
    }
    Path table = Files.write(directory.resolve("loud.jsonl"), rows);
    CommandRun.of(ThreeClassTexts.tokenize(table, at("loud"), "--split", "stratified"))
        .requireDone();
    refused(
        train("x", "--data", path("loud"), "--set", from),
        "training.init-from: ",
        "classifier/best has another tokenizer than the data set: tokenize with --tokenizer ");
    refused(
        train("classifier", "--data", path("labelled"), "--set", from, "--overwrite"),
        "--overwrite would delete training.init-from ",
        "classifier/best with the output ",
        "choose another --output, or copy the model first");
    assertThat(directory.resolve("classifier/best/model.safetensors")).exists();
  }

  @Test
  void aRunIsOnlyResumedAsWhatItIs() throws IOException {
    refused(
        train(
            "classifier",
            "--data",
            path("labelled"),
            "--resume",
            "--set",
            "model.head.pooling=last"),
        "model.head");
    refused(
        train("classifier", "--data", path("labelled"), "--resume", "--set", "optimizer.kind=sgd"),
        "optimizer.kind");
  }

  @Test
  void aRunThatDivergesSaysWhereAndKeepsWhatWasBefore() throws IOException {
    CommandRun run =
        train(
            "diverged",
            "--data",
            path("labelled"),
            "--set",
            "optimizer.kind=sgd",
            "--set",
            "optimizer.learning-rate=1e15",
            "--set",
            "optimizer.max-grad-norm=0",
            "--set",
            "checkpoint.per=step",
            "--set",
            "checkpoint.interval=1");

    refused(run, "the loss ", "at step ", "lower optimizer.learning-rate", "are kept");
    assertThat(directory.resolve("diverged/metrics.jsonl")).exists();
    assertThat(Folder.names(directory.resolve("diverged/checkpoints"))).isNotEmpty();
    assertThat(directory.resolve("diverged/last")).doesNotExist();
  }

  @Test
  void aClassifierIsEvaluatedOnItsOwnLabelsOnly() throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      rows.add(
          ThreeClassTexts.row(
              ThreeClassTexts.text(i % 3, i / 3), List.of("a", "b", "c").get(i % 3)));
    }
    Path table = Files.write(directory.resolve("others.jsonl"), rows);
    CommandRun.of(
            ThreeClassTexts.tokenize(
                table,
                at("other labels"),
                "--split",
                "stratified",
                "--tokenizer",
                path("classifier/best")))
        .requireDone();
    refused(
        evaluate("other labels"),
        path("other labels")
            + " has the labels a, b, c, the model cold, hot, mild: evaluate it with"
            + " data of its own labels");
    Path text = directory.resolve("text.txt");
    CommandRun.of(
            "tokenize",
            "--input",
            text.toString(),
            "--output",
            path("plain"),
            "--tokenizer",
            path("classifier/best"))
        .requireDone();
    refused(evaluate("plain"), path("plain") + " has no labels");
  }

  @Test
  void aClassifierWritesNoTextAndLooksAtTextsItKnows() throws IOException {
    refused(
        CommandRun.of("generate", "--model", path("classifier/best"), "--prompt", "snow"),
        "the model is no causal language model (its head is a sequence classification, ",
        "so it cannot continue text: use one with model.head.kind=language-model");
    refused(attention("--text="), "the text is empty: give it at least one character or token id");
    refused(
        attention("--text", "snow on day 1 and on day 2"),
        "the text has 26 tokens, the model's context 24: shorten the text by 2 tokens");
    refused(
        attention("--ids", "1,999"), "token 999 at position 1 is not in the model's vocabulary");
    refused(attention("--ids", "1,-1"), "token -1 at position 1 is not in the model's vocabulary");
    refused(attention("--text", "SNOW!"), "'S'");
    Path mine = Files.createDirectory(directory.resolve("mine"));
    Files.writeString(mine.resolve("notes.txt"), "mine");
    refused(
        CommandRun.of(
            "attention",
            "--model",
            path("classifier/best"),
            "--text",
            "snow",
            "--output",
            mine.toString(),
            "--overwrite"),
        "mine exists and was not made by this job");
    assertThat(mine.resolve("notes.txt")).hasContent("mine");
  }

  private static CommandRun attention(String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("attention", "--model", path("classifier/best")));
    arguments.addAll(List.of("--output", path("x")));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments);
  }

  private static CommandRun evaluate(String data) {
    return CommandRun.of("evaluate", "--model", path("classifier/best"), "--data", path(data));
  }

  /** Trains with one value changed, which must be refused. */
  private static void set(String setting, String message) throws IOException {
    refused(train("x", "--data", path("labelled"), "--set", setting), message);
  }

  private static CommandRun train(String output, String... more) {
    return trainBy(path("three-classes.yaml"), output, more);
  }

  private static CommandRun trainBy(String recipe, String output, String... more) {
    List<String> arguments = new ArrayList<>(List.of("train", "--config", recipe));
    arguments.addAll(List.of("--output", path(output)));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments);
  }

  private static void refused(CommandRun run, String... parts) throws IOException {
    run.requireMistake(parts);
    assertThat(directory.resolve("x")).doesNotExist();
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.filter(file -> file.getFileName().toString().startsWith("."))).isEmpty();
    }
  }

  private static Path at(String name) {
    return directory.resolve(name);
  }

  private static String path(String name) {
    return at(name).toString();
  }
}
