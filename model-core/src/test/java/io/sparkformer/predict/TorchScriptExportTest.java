package io.sparkformer.predict;

import static io.sparkformer.SharedFiles.largestDifference;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.huggingface.translator.TextClassificationTranslatorFactory;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Head.Kind;
import io.sparkformer.model.Head.Layers;
import io.sparkformer.model.Head.Output;
import io.sparkformer.model.Head.Pooling;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.ProblemType;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TorchScriptExport;
import io.sparkformer.predict.ExportedModels.Appended;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Exported models, run by DJL alone, beside ours. */
class TorchScriptExportTest {

  private static final double SAME = 1e-5;

  @TempDir private Path directory;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  static Stream<ExportedModels.Shape> shapes() {
    return Stream.of(
        new ExportedModels.Shape(
            Mask.CAUSAL, Pooling.LAST, Layers.LINEAR, 12, Appended.NOTHING, Truncation.RIGHT),
        new ExportedModels.Shape(
            Mask.CAUSAL, Pooling.LAST, Layers.LINEAR, 12, Appended.A_TOKEN, Truncation.RIGHT),
        new ExportedModels.Shape(
            Mask.CAUSAL, Pooling.LAST, Layers.MLP, 12, Appended.A_TOKEN, Truncation.LEFT),
        new ExportedModels.Shape(
            Mask.CAUSAL, Pooling.MEAN, Layers.LINEAR, 12, Appended.NOTHING, Truncation.LEFT),
        new ExportedModels.Shape(
            Mask.BIDIRECTIONAL, Pooling.MEAN, Layers.MLP, 12, Appended.NOTHING, Truncation.RIGHT),
        new ExportedModels.Shape(
            Mask.BIDIRECTIONAL, Pooling.LAST, Layers.LINEAR, 12, Appended.A_TOKEN, Truncation.LEFT),
        // DJL by itself reads 512 tokens.
        new ExportedModels.Shape(
            Mask.CAUSAL, Pooling.MEAN, Layers.LINEAR, 600, Appended.A_TOKEN, Truncation.RIGHT),
        new ExportedModels.Shape(
            Mask.CAUSAL, Pooling.MEAN, Layers.LINEAR, 600, Appended.A_TOKEN, Truncation.LEFT));
  }

  /** Shorter and longer than the context, and of its length with and without what is appended. */
  private static List<String> texts(int contextLength) {
    List<String> texts = ExportedModels.texts(9, contextLength * 3 / 2);
    return Stream.concat(
            texts.stream(),
            Stream.of(contextLength - 1, contextLength, contextLength + 1)
                .map(length -> "abcdefgh".repeat(contextLength).substring(0, length)))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void aPlainBlockOfDjlGivesOurLogitsOfPaddedAndOfTooLongRows(ExportedModels.Shape shape)
      throws Exception {
    Path ours = ExportedModels.ofLetters(shape, directory.resolve("ours"));
    Path exported = ExportedModels.export(ours, directory.resolve("exported"));
    List<String> texts = texts(shape.contextLength());
    float[][] expected;
    try (SequenceModel model = ExportedModels.open(ours)) {
      expected = ExportedModels.logits(model, texts);
    }
    int[][] rows = texts.stream().map(text -> letters(text, shape)).toArray(int[][]::new);

    float[][] padded = ExportedModels.plain(exported, rows);

    for (int i = 0; i < rows.length; i++) {
      assertThat(largestDifference(padded[i], expected[i])).as(texts.get(i)).isLessThan(SAME);
      float[] alone = ExportedModels.plain(exported, new int[][] {rows[i]})[0];
      assertThat(largestDifference(alone, expected[i])).as(texts.get(i)).isLessThan(SAME);
    }
    assertThat(largestDifference(expected[0], expected[1])).isGreaterThan(0.01);
  }

  /** The whole text's ids: the line break, which is appended, is 0, the space 1. */
  private static int[] letters(String text, ExportedModels.Shape shape) {
    String all = shape.appended() == Appended.A_TOKEN ? text + "\n" : text;
    return all.chars().map(c -> "\n abcdefgh".indexOf(c)).toArray();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void djlsOwnTranslatorGivesOurProbabilities(ExportedModels.Shape shape) throws Exception {
    Path ours = ExportedModels.ofLetters(shape, directory.resolve("ours"));
    Path exported = ExportedModels.export(ours, directory.resolve("exported"));

    requireOurProbabilities(ours, exported, texts(shape.contextLength()));
  }

  @Test
  void djlsOwnTranslatorGivesOurProbabilitiesOfSeveralLabelsToo() throws Exception {
    Path ours = ExportedModels.ofLetters(ExportedModels.PLAIN, directory.resolve("ours"));
    Path config = ours.resolve("config.json");
    String several = Files.readString(config).replace("single_label", "multi_label");
    Files.writeString(config, several);
    Path exported = ExportedModels.export(ours, directory.resolve("exported"));

    assertThat(
            SequenceModel.check(exported.toString(), ExportedModels.HADOOP, Trust.OURS).problem())
        .isEqualTo(ProblemType.MULTI_LABEL_CLASSIFICATION);
    requireOurProbabilities(ours, exported, texts(12));
  }

  @Test
  void djlReadsTextsOfAllKindsWithGpt2sVocabularyAsWeDo() throws Exception {
    Path ours = ExportedModels.ofGpt2(ExportedModels.PLAIN, directory.resolve("ours"));
    Path exported = ExportedModels.export(ours, directory.resolve("exported"));

    requireOurProbabilities(
        ours,
        exported,
        List.of(
            "It is what it is: a film.",
            "naïve 😀 \u0000\u0007 日本語",
            "one<|endoftext|>two",
            " ",
            "  leading, and trailing \n\n",
            "I'll say it again and again: ".repeat(30)));
  }

  private static void requireOurProbabilities(Path ours, Path exported, List<String> texts)
      throws Exception {
    float[][] logits;
    ProblemType problem;
    try (SequenceModel model = ExportedModels.open(ours)) {
      logits = ExportedModels.logits(model, texts);
      problem = model.classes().problem();
    }
    Criteria<String, Classifications> criteria =
        Criteria.builder()
            .setTypes(String.class, Classifications.class)
            .optModelUrls(exported.toUri().toString())
            .optEngine("PyTorch")
            .optTranslatorFactory(new TextClassificationTranslatorFactory())
            .build();
    try (ZooModel<String, Classifications> model = criteria.loadModel();
        Predictor<String, Classifications> predictor = model.newPredictor()) {
      List<Classifications> together = predictor.batchPredict(texts);
      for (int i = 0; i < logits.length; i++) {
        Classification expected = Classification.of(problem, logits[i]).orElseThrow();
        requireSame(together.get(i), expected, texts.get(i));
        requireSame(predictor.predict(texts.get(i)), expected, texts.get(i));
      }
    }
  }

  private static void requireSame(Classifications actual, Classification expected, String text) {
    List<String> names =
        Arrays.stream(expected.classes()).mapToObj(ExportedModels.LABELS::get).toList();
    assertThat(actual.getClassNames()).as(text).isEqualTo(names);
    for (int i = 0; i < names.size(); i++) {
      assertThat(actual.getProbabilities().get(i))
          .as(text)
          .isCloseTo(expected.probabilities()[i], within(SAME));
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void anExportedModelThatIsOpenedAgainIsTheSameModel(ExportedModels.Shape shape)
      throws IOException {
    Path ours = ExportedModels.ofLetters(shape, directory.resolve("ours"));
    Path exported = ExportedModels.export(ours, directory.resolve("exported"));
    List<String> texts = texts(shape.contextLength());
    try (SequenceModel model = ExportedModels.open(ours);
        SequenceModel again = ExportedModels.open(exported)) {
      assertThat(again).isInstanceOf(TorchScriptClassifier.class);
      assertThat(again.classes()).isEqualTo(model.classes());
      assertThat(again.classes().labels()).isEqualTo(ExportedModels.LABELS);
      assertThat(SequenceModel.check(exported.toString(), ExportedModels.HADOOP, Trust.OURS))
          .isEqualTo(again.classes());
      TextReader reader = model.reader(Optional.empty());
      TextReader readerAgain = again.reader(Optional.empty());
      List<int[]> rows = texts.stream().map(reader::read).toList();
      assertThat(texts.stream().map(readerAgain::read)).containsExactlyElementsOf(rows);
      float[][] expected = model.logits(rows);
      float[][] logits = again.logits(rows);
      for (int i = 0; i < expected.length; i++) {
        assertThat(largestDifference(logits[i], expected[i])).isLessThan(SAME);
      }
    }
  }

  @Test
  void aTextOfNoTokensHasAResultToo() throws Exception {
    ExportedModels.Shape shape =
        new ExportedModels.Shape(
            Mask.CAUSAL, Pooling.LAST, Layers.LINEAR, 12, Appended.NOTHING, Truncation.RIGHT);
    Path exported =
        ExportedModels.export(
            ExportedModels.ofLetters(shape, directory.resolve("ours")),
            directory.resolve("exported"));

    float[][] logits = ExportedModels.plain(exported, new int[][] {{}, {3, 4}, {}});

    assertThat(logits[0]).isEqualTo(logits[2]);
    assertThat(largestDifference(logits[0], ExportedModels.plain(exported, new int[][] {{}})[0]))
        .isLessThan(SAME);
  }

  @Test
  void aMaskMayBeOfAnyType() throws Exception {
    Path exported =
        ExportedModels.export(
            ExportedModels.ofLetters(ExportedModels.PLAIN, directory.resolve("ours")),
            directory.resolve("exported"));
    try (Model model = Model.newInstance("model", Device.cpu(), "PyTorch")) {
      model.load(exported);
      try (NDManager manager = model.getNDManager().newSubManager()) {
        NDArray ids = manager.create(new long[][] {{2, 3, 4}, {5, 0, 0}});
        NDArray mask = manager.create(new long[][] {{1, 1, 1}, {1, 0, 0}});
        float[] expected =
            ExportedModels.forward(model.getBlock(), manager, ids, mask).toFloatArray();
        for (DataType type : List.of(DataType.BOOLEAN, DataType.INT32, DataType.FLOAT32)) {
          NDArray other = mask.toType(type, true);
          assertThat(ExportedModels.forward(model.getBlock(), manager, ids, other).toFloatArray())
              .isEqualTo(expected);
        }
        NDArray small = ids.toType(DataType.INT32, true);
        assertThat(ExportedModels.forward(model.getBlock(), manager, small, mask).toFloatArray())
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void aHuggingFaceModelGivesItsGoldenLogitsAfterExport() throws Exception {
    Path model = SharedData.file("tiny_gpt2_loractl/config.json").getParent();
    JsonNode golden = new ObjectMapper().readTree(model.resolve("gpt2_tiny_golden.json").toFile());
    long[] ids = new ObjectMapper().convertValue(golden.get("input_ids"), long[].class);
    TorchScriptExport.Written written =
        TorchScriptExport.write(
            ModelDirectory.open(ExportedModels.HADOOP, hadoop(model)),
            localFiles(),
            hadoop(directory));
    assertThat(written.tokenizer()).isFalse();
    assertThat(written.labels()).isEmpty();
    try (Model exported = Model.newInstance("model", Device.cpu(), "PyTorch")) {
      exported.load(directory);
      try (NDManager manager = exported.getNDManager().newSubManager()) {
        Shape shape = new Shape(1, ids.length);
        NDArray logits =
            ExportedModels.forward(
                exported.getBlock(),
                manager,
                manager.create(ids, shape),
                manager.ones(shape, DataType.INT64));

        assertThat(logits.getShape()).isEqualTo(new Shape(1, 8, 61));
        assertThat(largestDifference(logits.toFloatArray(), numbers(golden.get("logits"))))
            .isLessThan(SAME);
      }
    }
  }

  /** All numbers of nested arrays. */
  private static float[] numbers(JsonNode array) {
    List<Float> numbers = new ArrayList<>();
    collect(array, numbers);
    float[] all = new float[numbers.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = numbers.get(i);
    }
    return all;
  }

  private static void collect(JsonNode node, List<Float> numbers) {
    if (node.isArray()) {
      node.forEach(each -> collect(each, numbers));
    } else {
      numbers.add(node.floatValue());
    }
  }

  @Test
  void aClassifierOfTokensHasLogitsForEachTokenAndRealParameters() throws Exception {
    Head head = new Head(Kind.TOKEN_CLASSIFICATION, Output.OWN, Layers.MLP, Pooling.LAST, true, 3);
    ModelConfig config = ModelConfig.gpt2(10, 6, 1, 2, 8).with(Mask.BIDIRECTIONAL).with(head);
    Path ours = directory.resolve("ours");
    try (Gpt gpt = ExportedModels.random(config);
        Model exported = Model.newInstance("model", Device.cpu(), "PyTorch")) {
      ModelDirectory.at(ExportedModels.HADOOP, hadoop(ours)).save(gpt, TextProcessing.NONE);
      exported.load(ExportedModels.export(ours, directory.resolve("exported")));
      try (NDManager manager = exported.getNDManager().newSubManager()) {
        NDArray ids = manager.create(new long[][] {{1, 2, 3, 4, 5}, {6, 7, 0, 0, 0}});
        NDArray mask = manager.create(new long[][] {{1, 1, 1, 1, 1}, {1, 1, 0, 0, 0}});
        float[] expected =
            gpt.kernels()
                .logits(manager, ids, manager.create(new long[] {5, 2}), gpt.weightList())
                .toFloatArray();

        NDArray logits = ExportedModels.forward(exported.getBlock(), manager, ids, mask);

        assertThat(logits.getShape()).isEqualTo(new Shape(2, 5, 3));
        assertThat(logits.toFloatArray()).isEqualTo(expected);
      }
      List<String> names = List.copyOf(gpt.weights().keySet());
      assertThat(exported.getBlock().getDirectParameters().keys())
          .containsExactlyElementsOf(names.stream().map(name -> name.replace('.', '_')).toList());
      IntStream.range(0, names.size())
          .forEach(
              i ->
                  assertThat(exported.getBlock().getDirectParameters().valueAt(i).getArray())
                      .as(names.get(i))
                      .isEqualTo(gpt.weights().get(names.get(i))));
    }
  }

  @Test
  void aModelIsAlwaysExportedToTheSameBytesAndItsWeightsAreAligned() throws IOException {
    Path ours = ExportedModels.ofLetters(ExportedModels.PLAIN, directory.resolve("ours"));
    byte[] first =
        Files.readAllBytes(ExportedModels.export(ours, directory.resolve("a")).resolve("model.pt"));
    byte[] second =
        Files.readAllBytes(ExportedModels.export(ours, directory.resolve("b")).resolve("model.pt"));

    assertThat(second).isEqualTo(first);
    ByteBuffer zip = ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN);
    int entries = 0;
    int at = 0;
    while (zip.getInt(at) == 0x04034b50) { // an entry's header
      int data = at + 30 + zip.getShort(at + 26) + zip.getShort(at + 28);
      assertThat(zip.getShort(at + 8)).as("method").isZero();
      assertThat(data % 64).isZero();
      at = data + zip.getInt(at + 18);
      entries++;
    }
    assertThat(entries).isGreaterThan(20);
  }
}
