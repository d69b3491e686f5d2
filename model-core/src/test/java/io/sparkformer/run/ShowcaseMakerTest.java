package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.ShardWriter;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.evaluation.Showcase;
import io.sparkformer.evaluation.Showcase.PredictedText;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.Precision;
import io.sparkformer.recipe.DataConfig;
import io.sparkformer.recipe.SampleFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShowcaseMakerTest {

  private static final CharTokenizer TOKENIZER =
      CharTokenizer.of("abcdefgh \n".codePoints().sorted().distinct().toArray());

  private static final int CONTEXT = 16;

  @TempDir Path directory;

  @BeforeAll
  static void oneThread() {
    Kernels.threads(1);
  }

  @Test
  void aLanguageModelWritesAndShowsWhatItAttendsTo() throws IOException {
    ModelConfig config = ModelConfig.gpt2(TOKENIZER.vocabSize(), CONTEXT, 2, 2, 16);
    String[] texts = {"abc def gh\n", "hgf edc ba\n"};
    Showcase showcase = show(config, texts, List.of(), new int[0][]);

    assertThat(showcase.step()).isEqualTo(7);
    assertThat(showcase.generated())
        .hasSize(3)
        .allMatch(text -> text.prompt().equals("abc def ") && text.text().length() == 200)
        .doesNotHaveDuplicates();
    assertThat(showcase.predicted()).isEmpty();
    assertThat(showcase.prompt()).isEqualTo("abc def gh\nhgf e");
    assertThat(showcase.attentionTokens()).hasSize(CONTEXT).startsWith("a", "b", "c", " ");
    assertThat(showcase.attention()).hasDimensions(2, 2);
    assertThat(showcase.attention()[1][1]).hasDimensions(CONTEXT, CONTEXT);
    assertThat(showcase.nextTokens()).hasSize(10);
    assertThat(showcase.nextTokens())
        .extracting(Showcase.NextToken::probability)
        .isSortedAccordingTo((a, b) -> Double.compare(b, a));
    assertThat(showcase.nextTokens().stream().mapToDouble(Showcase.NextToken::probability).sum())
        .isCloseTo(1, within(1e-5));

    assertThat(show(config, texts, List.of(), new int[0][]))
        .usingRecursiveComparison()
        .isEqualTo(showcase);
  }

  @Test
  void aModelOfBigramsWritesWithoutAttention() throws IOException {
    ModelConfig config = ModelConfig.gpt2(TOKENIZER.vocabSize(), CONTEXT, 0, 2, 16);
    Showcase showcase = show(config, new String[] {"ab"}, List.of(), new int[0][]);
    assertThat(showcase.generated()).hasSize(3).allMatch(text -> text.prompt().equals("ab"));
    assertThat(showcase.attention()).isEmpty();
    assertThat(showcase.nextTokens()).hasSize(10);
  }

  @Test
  void aClassifierOfTextsShowsSomeRightAndSomeWrong() throws IOException {
    String[] texts = new String[40];
    int[][] labels = new int[40][];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = "abcdefgh".repeat(i % 5 + 1).substring(i % 7);
      labels[i] = new int[] {i % 2};
    }
    texts[9] = "ab";
    ModelConfig config =
        ModelConfig.gpt2(TOKENIZER.vocabSize(), CONTEXT, 1, 2, 16)
            .with(Head.ofSequences(2, Head.Pooling.LAST));
    Showcase showcase = show(config, texts, List.of("even", "odd"), labels);

    assertThat(showcase.predicted()).hasSize(12);
    assertThat(showcase.predicted().stream().filter(ShowcaseMakerTest::isRight)).hasSize(6);
    assertThat(showcase.predicted())
        .allMatch(text -> text.probability() >= 0.5 && text.probability() <= 1)
        .allMatch(text -> text.text().length() <= CONTEXT)
        .extracting(PredictedText::actual)
        .contains("even", "odd");
    assertThat(showcase.attentionTokens()).containsExactly("a", "b");
    assertThat(showcase.attention()).hasDimensions(1, 2);
    assertThat(showcase.generated()).isEmpty();
    assertThat(showcase.nextTokens()).isEmpty();
  }

  @Test
  void aClassifierOfTokensShowsALabelForEach() throws IOException {
    String[] texts = {"ab c", "defgh"};
    int[][] labels = {{0, 1, 1, 60}, {1, 1, 1, 1, 0}};
    ModelConfig config =
        ModelConfig.gpt2(TOKENIZER.vocabSize(), CONTEXT, 1, 2, 16)
            .with(
                new Head(
                    Head.Kind.TOKEN_CLASSIFICATION,
                    Head.Output.OWN,
                    Head.Layers.LINEAR,
                    Head.Pooling.LAST,
                    true,
                    2));
    Showcase showcase = show(config, texts, List.of("N", "V"), labels);

    assertThat(showcase.predicted()).hasSize(2);
    // Labels that are none do not count.
    assertThat(showcase.predicted().get(0).actual()).isEqualTo("N V V -");
    assertThat(showcase.predicted().get(1).predicted()).matches("[NV]( [NV]){4}");
    assertThat(showcase.prompt()).isEqualTo("ab c");
  }

  private static boolean isRight(PredictedText text) {
    return text.actual().equals(text.predicted());
  }

  private Showcase show(ModelConfig config, String[] texts, List<String> names, int[][] labels)
      throws IOException {
    Path data = Files.createTempDirectory(directory, "data");
    write(data, texts, names, labels);
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data));
        Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 1)) {
      model.weights().values().forEach(weight -> weight.muli(3));
      return ShowcaseMaker.of(
          model,
          dataset,
          new SampleFormat(DataConfig.Samples.WINDOWS, Truncation.RIGHT, TokenBatch.IGNORED),
          7);
    }
  }

  private static void write(Path data, String[] texts, List<String> names, int[][] labels)
      throws IOException {
    TOKENIZER.write(localFiles(), hadoop(data));
    int[][] tokens = Arrays.stream(texts).map(TOKENIZER::encode).toArray(int[][]::new);
    List<ShardFile> files = shard(data, "valid", tokens);
    List<ShardFile> labelFiles =
        labels.length == 0 ? List.of() : shard(data, "valid-labels", labels);
    int count = Arrays.stream(tokens).mapToInt(row -> row.length).sum();
    TreeMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    splits.put(
        SplitName.VALID,
        new DatasetManifest.Split(count, texts.length, count, count, files, labelFiles));
    new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile(CharTokenizer.FILE_NAME, TOKENIZER.fingerprint()),
            TOKENIZER.vocabSize(),
            TokenDtype.UINT16,
            names,
            texts.length,
            0,
            DatasetManifest.Skipped.NONE,
            splits,
            List.of(),
            new TreeMap<>())
        .write(localFiles(), hadoop(data));
  }

  private static List<ShardFile> shard(Path data, String name, int[][] rows) throws IOException {
    try (ShardWriter writer =
        ShardWriter.create(
            localFiles(), hadoop(data), name + "-00000-of-00001", TokenDtype.UINT16)) {
      for (int[] row : rows) {
        writer.append(row, 0, row.length);
        writer.endDocument();
      }
      return List.copyOf(writer.finish());
    }
  }
}
