package io.sparkformer.gguf;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeModel;
import io.sparkformer.datasets.tokenizer.BpeModel.Merges;
import io.sparkformer.datasets.tokenizer.BpeModel.PrefixSpace;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.ByteAlphabet;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.Path;

/**
 * A byte-level BPE tokenizer in GGUF's words.
 *
 * @param pre what llama.cpp calls the way texts are cut
 * @param tokens what stands for each id: the byte alphabet's characters, or an added token itself
 * @param types what each id is
 * @param merges pairs in the order of their ranks
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
record GgufVocabulary(String pre, List<String> tokens, int[] types, List<String> merges) {

  private static final int NORMAL = 1;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;

  /**
   * A model's vocabulary.
   *
   * @param vocabSize the model's: ids that the tokenizer does not have are unused, and those of
   *     tokens that it does not have are left out
   * @throws io.sparkformer.datasets.InvalidInputException if there is no tokenizer, or one that
   *     GGUF cannot say
   */
  static GgufVocabulary of(Optional<Tokenizer> tokenizer, int vocabSize, Path model) {
    require(
        tokenizer.isPresent(),
        "%s has no tokenizer, which a GGUF file holds: put the tokenizer.json it was trained with into the directory",
        model);
    require(
        tokenizer.get() instanceof BpeTokenizer,
        "%s: its tokenizer is no byte-level BPE, the only kind that can be written as GGUF: train a model with one"
            + " (tokenize --tokenizer gpt2, or a vocabulary of your own), or pass --format torchscript",
        model);
    BpeTokenizer bpe = (BpeTokenizer) tokenizer.get();
    BpeModel parts = bpe.model();
    require(
        parts.prefixSpace() == PrefixSpace.NONE,
        "%s: its tokenizer puts a space before texts (add_prefix_space), which llama.cpp does not: pass --format torchscript",
        model);
    int largest = Arrays.stream(parts.merges().merged()).max().orElse(0);
    require(
        largest < vocabSize,
        "%s: its tokenizer merges texts into the token %d, the model has %d tokens: copy the tokenizer.json there that"
            + " the model was trained with",
        model,
        largest,
        vocabSize);
    String[] texts = texts(parts, vocabSize);
    return new GgufVocabulary(
        pre(bpe, model), named(texts), types(parts, texts), merges(texts, parts.merges()));
  }

  private static String pre(BpeTokenizer tokenizer, Path model) {
    Pretokenizer pretokenizer = tokenizer.model().pretokenizer();
    if (!tokenizer.looksUpPieces()) {
      return TextCutting.merged(pretokenizer);
    }
    return TextCutting.lookedUp(pretokenizer)
        .orElseThrow(
            () ->
                new InvalidInputException(
                    String.format(
                        "%s: its tokenizer has tokens that merges do not lead to (ignore_merges), and cuts texts as %s,"
                            + " which llama.cpp does not have together: pass --format torchscript",
                        model, pretokenizer)));
  }

  private static String[] texts(BpeModel model, int vocabSize) {
    String[] texts = new String[vocabSize];
    Arrays.fill(texts, "");
    for (int id = 0; id < Math.min(vocabSize, model.tokens().length); id++) {
      texts[id] = ByteAlphabet.text(model.tokens()[id]);
    }
    model
        .addedTokens()
        .forEach(
            (content, id) -> {
              if (id < vocabSize) { // others have no row in the model
                texts[id] = content;
              }
            });
    return texts;
  }

  /** llama.cpp wants a text of its own for each id. */
  private static List<String> named(String[] texts) {
    Set<String> taken = new HashSet<>(Arrays.asList(texts));
    List<String> named = new ArrayList<>(texts.length);
    for (int id = 0; id < texts.length; id++) {
      String name = texts[id];
      if (name.isEmpty()) {
        name = "[PAD" + id + "]";
        while (!taken.add(name)) {
          name = "[" + name + "]";
        }
      }
      named.add(name);
    }
    return named;
  }

  private static int[] types(BpeModel model, String[] texts) {
    int[] types = new int[texts.length];
    for (int id = 0; id < types.length; id++) {
      types[id] = texts[id].isEmpty() ? UNUSED : NORMAL;
    }
    model
        .addedTokens()
        .forEach(
            (content, id) -> {
              if (id < types.length) {
                types[id] = model.ordinary().contains(content) ? USER_DEFINED : CONTROL;
              }
            });
    return types;
  }

  private static List<String> merges(String[] texts, Merges merges) {
    List<String> pairs = new ArrayList<>(merges.merged().length);
    for (int rank = 0; rank < merges.merged().length; rank++) {
      pairs.add(texts[merges.left()[rank]] + " " + texts[merges.right()[rank]]);
    }
    return pairs;
  }
}
