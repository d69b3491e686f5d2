package io.sparkformer.exchange;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.predict.LanguageModel;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.Trust;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong with a model directory is said in one line: file, key or tensor, remedy. */
class DamagedModelsTest {

  private static final Configuration HADOOP = new Configuration();
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String WEIGHTS = ModelDirectory.WEIGHTS;
  private static final String INDEX = WEIGHTS + ".index.json";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "n_layer | null | config.json has no whole number 'n_layer': it is not a GPT-2 config",
        "n_layer | '2' | config.json: 'n_layer' is no whole number: correct it, or copy the model again",
        "n_embd | 12.5 | config.json: 'n_embd' is no whole number: correct it, or copy the model again",
        "hidden_size | 99 | config.json: 'n_embd' is 8, but 'hidden_size', another name of it, is 99: leave the wrong one away",
        "activation_function | 3 | config.json: 'activation_function' is 3: it must be a text",
        "activation_function | 'silu' | config.json: activation_function 'silu' is not supported: it must be gelu_new, gelu or relu",
        "layer_norm_epsilon | 'small' | config.json: 'layer_norm_epsilon' is \"small\": it must be a number from 0 to below 1",
        "layer_norm_epsilon | -1 | config.json: 'layer_norm_epsilon' is -1: it must be a number from 0 to below 1",
        "n_layer | -1 | config.json: 'n_layer' is -1: it must be at least 0",
        "n_layer | 2147483647 | tensors, but its config asks for 2147483647 layers: the two are not of one model: copy both again from one place",
        "sparkformer | null | config.json: 'sparkformer' is no object: copy the model again",
        "tie_word_embeddings | 1 | config.json: 'tie_word_embeddings' is 1: it must be true or false",
        "scale_attn_by_inverse_layer_idx | true | config.json: other attention scales than 1 / sqrt(head size) are not supported",
        "add_cross_attention | true | config.json: add_cross_attention is true: only decoders that stand alone are supported",
        "model_type | 'llama' | config.json: model_type is 'llama': only gpt2, and models that this program trained, are supported",
        "architectures | ['GPT2DoubleHeadsModel'] | config.json: architectures is GPT2DoubleHeadsModel: it must be GPT2LMHeadModel, GPT2ForSequenceClassification, GPT2ForTokenClassification or GPT2Model",
        "n_head | 3 | config.json: n_embd (8) is not a multiple of n_head (3): correct it, or copy the model again",
        "n_positions | 0 | config.json: 'n_positions' is 0: it must be at least 1",
        "n_layer | 0 | model.safetensors: tensor 'transformer.h.0.attn.c_attn.bias' has no place in a model of this config: name the right architectures there, or copy both again from one place",
        "n_layer | 2 | has no tensor 'transformer.h.1.ln_1.weight', which the config asks for: the two are not of one model, or the copy is not complete: copy both again from one place",
        "vocab_size | 301 | model.safetensors: tensor 'transformer.wte.weight' has shape [300, 8], the config asks for [301, 8]: the two are not of one model: copy both again from one place",
      })
  void aConfigThatIsWrongIsNamedByItsKey(String key, String value, String message)
      throws IOException {
    Path model = TransformersCase.copy("lm_gelu", folder);
    change(model, ModelDirectory.CONFIG, json -> json.set(key, json(value)));
    refused(model, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "id2label | {'1': 'a', '2': 'b', '3': 'c'} | config.json: id2label has 3 names for 3 classes, but none for class 0: number them from 0",
        "num_labels | 4 | config.json: num_labels is 4, but id2label names 3: leave the wrong one away",
        "problem_type | 'ranking' | config.json: problem_type is 'ranking': it must be single_label_classification, multi_label_classification or regression",
        "id2label | {} | config.json: num_labels is missing and id2label is {}: name the classes by their ids, as {\"0\": \"no\", \"1\": \"yes\"}",
        "pad_token_id | [1, 2] | config.json: 'pad_token_id' is [1,2]: it must be a token's id",
        "sparkformer_reading | {'appended_token': '5'} | config.json: 'sparkformer_reading' is {\"appended_token\":\"5\"}, which says not how texts are read: copy the model again",
        "sparkformer_reading | {'appended_token': -1} | config.json: 'sparkformer_reading' is {\"appended_token\":-1}, which says not how texts are read: copy the model again",
        "sparkformer_reading | {'truncate': 'up'} | config.json: 'sparkformer_reading' is {\"truncate\":\"up\"}, which says not how texts are read: copy the model again",
        "sparkformer_reading | {'appended_token': 300} | token 300 is put around every text, but the model knows ids from 0 to 299 alone: correct the tokenizer's files, or copy the model again",
        "pad_token_id | 'x' | config.json: 'pad_token_id' is \"x\": it must be a token's id, or a list of ids",
      })
  void aClassifiersConfigThatIsWrongIsNamedByItsKey(String key, String value, String message)
      throws IOException {
    Path model = TransformersCase.copy("cls_single3", folder);
    change(model, ModelDirectory.CONFIG, json -> json.set(key, json(value)));
    assertThatThrownBy(() -> SequenceModel.check(model.toString(), HADOOP, Trust.OURS))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageEndingWith(message);
  }

  @Test
  void aWrongNumberOfClassesIsSeenBeforeAnythingIsRead() throws IOException {
    Path model = TransformersCase.copy("cls_single3", folder);
    change(
        model, ModelDirectory.CONFIG, json -> json.set("id2label", json("{'0': 'a', '1': 'b'}")));
    refused(
        model,
        "model.safetensors: tensor 'score.weight' has shape [3, 8], the config asks for [2, 8]: the two are not of one model: copy both again from one place");
  }

  @Test
  void aTensorOfAnUnknownTypeIsNamed() throws IOException {
    Path model = TransformersCase.copy("lm_gelu", folder);
    header(model.resolve(WEIGHTS), text -> text.replaceFirst("\"F32\"", "\"I16\""));
    assertThatThrownBy(() -> open(model).config())
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("model.safetensors: tensor '")
        .hasMessageEndingWith(
            "' is of type I16: it must be F32, F16, BF16 or F64: save the model in one of them");
  }

  @Test
  void aTensorThatStandsTwiceInAHeaderIsNamed() throws IOException {
    Path model = TransformersCase.copy("lm_gelu", folder);
    header(
        model.resolve(WEIGHTS),
        text -> text.replace("transformer.ln_f.bias\"", "transformer.ln_f.weight\""));
    assertThatThrownBy(() -> open(model).config())
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("model.safetensors is not a safetensors file: its header is not JSON")
        .hasMessageContaining("Duplicate field 'transformer.ln_f.weight'");
  }

  @Test
  void aTensorWithAndWithoutItsPrefixIsNamed() throws IOException {
    Path model = TransformersCase.copy("lm_gelu", folder);
    header(
        model.resolve(WEIGHTS),
        text -> text.replace("\"transformer.ln_f.bias\"", "\"ln_f.weight\""));
    assertThatThrownBy(() -> open(model).config())
        .isInstanceOf(InvalidInputException.class)
        .hasMessageMatching(
            ".*model.safetensors holds tensor '(transformer.)?ln_f.weight' twice, with and without"
                + " 'transformer.': copy the model again");
  }

  @Test
  void aFileThatIsCutShortIsSeenBeforeAnythingIsRead() throws IOException {
    Path model = TransformersCase.copy("lm_gelu", folder);
    byte[] bytes = Files.readAllBytes(model.resolve(WEIGHTS));
    Files.write(model.resolve(WEIGHTS), Arrays.copyOf(bytes, bytes.length - 100));
    assertThatThrownBy(() -> open(model).config())
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("model.safetensors is cut short: tensor '")
        .hasMessageEndingWith(": copy it again");
  }

  @Test
  void tensorsThatOverlapOrLeaveGapsAreSeenBeforeAnythingIsRead() throws IOException {
    Path model = TransformersCase.copy("lm_gelu", folder);
    byte[] bytes = Files.readAllBytes(model.resolve(WEIGHTS));
    String first = "\"data_offsets\":[0,";
    header(model.resolve(WEIGHTS), text -> text.replace(first, "\"data_offsets\":[4,"));
    refusedAs(model, "has [0-9]+ bytes, its shape .* asks for [0-9]+: copy the file again");
    Files.write(model.resolve(WEIGHTS), bytes);
    header(model.resolve(WEIGHTS), text -> text.replace(first, "\"data_offsets\":[0,0,"));
    refusedAs(model, "has no usable data_offsets or shape: copy it again");
    Files.write(model.resolve(WEIGHTS), Arrays.copyOf(bytes, bytes.length + 8));
    refusedAs(model, "its tensors have [0-9]+ bytes, its data [0-9]+: copy it again");
    Files.write(model.resolve(WEIGHTS), bytes);
    header(
        model.resolve(WEIGHTS),
        text -> {
          // two vectors of one shape: the second at the first one's place
          JsonNode all = json(text);
          JsonNode one = all.path("transformer.h.0.ln_1.bias").path("data_offsets");
          JsonNode other = all.path("transformer.h.0.ln_2.bias").path("data_offsets");
          return text.replace(other.toString(), one.toString());
        });
    refusedAs(
        model, "its tensors overlap, or leave a gap, at byte [0-9]+ of the data: copy it again");
  }

  private static void refusedAs(Path model, String pattern) {
    assertThatThrownBy(() -> open(model).config())
        .isInstanceOf(InvalidInputException.class)
        .hasMessageMatching(".*model.safetensors.*" + pattern);
  }

  @Test
  void aDirectoryInPlaceOfAFileIsNamed() throws IOException {
    for (String file : List.of(ModelDirectory.CONFIG, WEIGHTS, "tokenizer_config.json")) {
      Path model = TransformersCase.copy("cls_single3", folder.resolve("no " + file));
      Files.delete(model.resolve(file));
      Files.createDirectory(model.resolve(file));
      assertThatThrownBy(() -> SequenceModel.check(model.toString(), HADOOP, Trust.OURS))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining(file + " is a directory, not a");
    }
  }

  @Test
  void whatIsWrongWithShardsIsNamed() throws IOException {
    Path missing = TransformersCase.copy("lm_sharded", folder.resolve("missing"));
    String shard = open(missing).weights().get("transformer.wpe.weight").file().getName();
    Files.delete(missing.resolve(shard));
    refused(
        missing,
        INDEX
            + " names "
            + shard
            + ", which is missing: copy the model again, with all its shards");

    Path moved = TransformersCase.copy("lm_sharded", folder.resolve("moved"));
    String other = open(moved).weights().get("transformer.wte.weight").file().getName();
    change(
        moved,
        INDEX,
        json -> ((ObjectNode) json.get("weight_map")).put("transformer.wpe.weight", other));
    assertThatThrownBy(() -> open(moved).config())
        .isInstanceOf(InvalidInputException.class)
        .hasMessageEndingWith(
            "holds tensor 'transformer.wpe.weight', which is in %s by %s: copy the model again, from one place",
            other, INDEX);

    Path unnamed = TransformersCase.copy("lm_sharded", folder.resolve("unnamed"));
    change(
        unnamed,
        INDEX,
        json -> ((ObjectNode) json.get("weight_map")).put("transformer.other", other));
    refused(
        unnamed,
        INDEX
            + " names tensor 'transformer.other' in "
            + other
            + ", which does not hold it: copy the model again");

    Path empty = TransformersCase.copy("lm_sharded", folder.resolve("empty"));
    Files.writeString(empty.resolve(INDEX), "{}");
    refused(
        empty, INDEX + " has no weight_map, so it is not an index of shards: copy the model again");
  }

  @Test
  void weightsInAPickleAloneAreNamedAsWhatTheyAre() throws IOException {
    Path model = TransformersCase.copy("lm_gelu", folder);
    Files.move(model.resolve(WEIGHTS), model.resolve("pytorch_model.bin"));
    refused(
        model,
        "has its weights in pytorch_model.bin alone, a Python pickle, which is not read: load it with"
            + " transformers and save it again with save_pretrained, which writes model.safetensors");
  }

  @Test
  void aClassifiersPickleIsNamed() throws IOException {
    Path model = TransformersCase.copy("cls_single3", folder);
    Files.move(model.resolve(WEIGHTS), model.resolve("pytorch_model.bin"));
    assertThatThrownBy(() -> SequenceModel.check(model.toString(), HADOOP, Trust.OURS))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("has its weights in pytorch_model.bin alone, a Python pickle");
  }

  @Test
  void anotherModelsTokenizerIsRefusedAndOneWithAFewTokensMoreIsNot() throws IOException {
    Path model = TransformersCase.copy("lm_more_tokens", folder);
    try (LanguageModel read = LanguageModel.open(model.toString(), HADOOP, Device.cpu())) {
      String added =
          JSON.readTree(model.resolve(Tokenizer.FILE_NAME).toFile())
              .path("added_tokens")
              .path(2)
              .path("content")
              .asText();
      assertThatThrownBy(() -> read.reader(Truncation.RIGHT).read("so" + added))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageMatching(
              "token 30[01] at position \\d+ of the text is the tokenizer's, but the model knows ids from 0 to 299 alone:"
                  + " leave the token's text out, or use the tokenizer that the model was trained with");
    }
    CharTokenizer characters = CharTokenizer.of(IntStream.range('a', 'z').toArray());
    Files.write(model.resolve(Tokenizer.FILE_NAME), characters.json());
    assertThatThrownBy(() -> LanguageModel.check(model.toString(), HADOOP))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageEndingWith(
            "the tokenizer has 25 tokens, the model 300: they do not belong together: copy the one"
                + " there that the model was trained with");
  }

  @Test
  void aTokenizerConfigThatIsWrongIsNamedByItsKey() throws IOException {
    Path model = TransformersCase.copy("cls_single3", folder);
    change(model, "tokenizer_config.json", json -> json.put("truncation_side", "middle"));
    assertThatThrownBy(() -> open(model).reading())
        .isInstanceOf(InvalidInputException.class)
        .hasMessageEndingWith(
            "tokenizer_config.json: truncation_side is \"middle\": it must be left or right");
    change(
        model,
        "tokenizer_config.json",
        json -> json.put("truncation_side", "left").put("model_max_length", "much"));
    assertThatThrownBy(() -> open(model).reading())
        .isInstanceOf(InvalidInputException.class)
        .hasMessageEndingWith(
            "tokenizer_config.json: model_max_length is \"much\": it must be a number of tokens");
  }

  private void refused(Path model, String message) {
    assertThatThrownBy(
            () -> {
              ModelDirectory.open(HADOOP, hadoop(model)).load(Precision.FP32, Device.cpu()).close();
            })
        .isInstanceOf(InvalidInputException.class)
        .hasMessageEndingWith(message)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  private static ModelDirectory open(Path model) throws IOException {
    return ModelDirectory.open(HADOOP, hadoop(model));
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text.replace('\'', '"'));
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static void change(Path model, String file, Consumer<ObjectNode> change)
      throws IOException {
    ObjectNode json = (ObjectNode) JSON.readTree(model.resolve(file).toFile());
    change.accept(json);
    Files.writeString(model.resolve(file), json.toString());
  }

  /** Changes the text of a file's header. */
  private static void header(Path file, UnaryOperator<String> change) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) bytes.getLong();
    byte[] header = new byte[length];
    bytes.get(header);
    byte[] changed =
        change.apply(new String(header, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
    ByteBuffer out =
        ByteBuffer.allocate(8 + changed.length + bytes.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file, out.putLong(changed.length).put(changed).put(bytes).array());
  }
}
