package io.sparkformer.evaluation;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.evaluation.Showcase.GeneratedText;
import io.sparkformer.evaluation.Showcase.NextToken;
import io.sparkformer.evaluation.Showcase.PredictedText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFilesTest {

  @TempDir Path directory;

  @Test
  void theEvaluationOfAClassifierComesBack() throws IOException {
    EvaluationRecord written =
        new EvaluationRecord(
            20,
            SplitName.VALID,
            0.5,
            0.75,
            new ConfusionMatrix(List.of("yes", "no"), new long[][] {{2, 1}, {0, 1}}));
    written.write(localFiles(), hadoop(directory));

    assertThat(directory.resolve("evaluation.json"))
        .hasContent(
            "{\"step\":20,\"split\":\"valid\",\"loss\":0.5,\"accuracy\":0.75,"
                + "\"confusion\":{\"labels\":[\"yes\",\"no\"],\"counts\":[[2,1],[0,1]]}}");
    assertThat(EvaluationRecord.read(localFiles(), hadoop(directory))).isEqualTo(written);
  }

  @Test
  void theEvaluationOfALanguageModelHasNoConfusionMatrix() throws IOException {
    EvaluationRecord written = new EvaluationRecord(20, SplitName.VALID, 0.5, 0.75, null);
    written.write(localFiles(), hadoop(directory));

    assertThat(directory.resolve("evaluation.json"))
        .hasContent("{\"step\":20,\"split\":\"valid\",\"loss\":0.5,\"accuracy\":0.75}");
    assertThat(EvaluationRecord.read(localFiles(), hadoop(directory))).isEqualTo(written);
    assertThat(written.confusionMatrix()).isEmpty();
  }

  @Test
  void aShowcaseComesBack() throws IOException {
    Showcase written =
        new Showcase(
            7,
            List.of(new GeneratedText("a", "b\n\ud83d\ude80")),
            List.of(new PredictedText("text", "yes", "no", 0.5)),
            "ab",
            List.of(new NextToken("c", 0.25)),
            List.of("a", "b"),
            new float[][][][] {{{{1, 0}, {0.25f, 0.75f}}}});
    written.write(localFiles(), hadoop(directory));

    assertThat(Files.readString(directory.resolve("showcase.json")))
        .contains("\"next_tokens\":[{\"token\":\"c\",\"probability\":0.25}]", "attention_tokens");
    assertThat(Showcase.read(localFiles(), hadoop(directory)))
        .usingRecursiveComparison()
        .isEqualTo(written);
  }

  @Test
  void missingAndDamagedFilesAreNamed() throws IOException {
    assertThatThrownBy(() -> Showcase.read(localFiles(), hadoop(directory)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("showcase.json does not exist: check the path");
    Files.writeString(directory.resolve("evaluation.json"), "{\"step\": x");
    assertThatThrownBy(() -> EvaluationRecord.read(localFiles(), hadoop(directory)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("evaluation.json is not what a training run writes (Unrecognized");
  }

  @Test
  void tokensHaveNamesEvenIfTheyAreNotText() {
    TokenNames names = TokenNames.of(Optional.of(CharTokenizer.of(new int[] {'a', 'b', 0x1F680})));
    assertThat(names.of(new int[] {0, 2, 3, -1}))
        .containsExactly("a", "\ud83d\ude80", "[3]", "[-1]");
    assertThat(TokenNames.of(Optional.empty()).of(17)).isEqualTo("17");
  }
}
