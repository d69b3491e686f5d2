package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.WholeFile;
import java.io.CharConversionException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.SoftReference;
import java.util.HexFormat;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where tokenizers come from. */
public final class Tokenizers {

  private static final Logger LOG = LoggerFactory.getLogger(Tokenizers.class);

  /** Jackson's table of field names is made for a few hundred of them, not for a vocabulary. */
  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder().disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES).build());

  /** Jobs check a model's tokenizer before Spark starts, and use it after. */
  private static volatile SoftReference<Read> last = new SoftReference<>(null);

  private record Read(String sha256, Tokenizer tokenizer) {}

  private Tokenizers() {}

  /**
   * The tokenizer that a user names.
   *
   * @param spec {@code gpt2}, {@code cl100k_base}, {@code o200k_base}; or the path of a
   *     tokenizer.json, of a directory with one or with vocab.json and merges.txt (encoder.json and
   *     vocab.bpe), or of these two with a comma between them; all of these may be gzip
   * @throws InvalidInputException if it is nothing of that, or damaged
   */
  public static Tokenizer open(String spec, Configuration hadoop) throws IOException {
    Optional<BuiltIn> builtIn = BuiltIn.named(spec);
    return builtIn.isPresent()
        ? BpeTokenizer.of(builtIn.get().model())
        : new TokenizerFiles(spec, hadoop).read();
  }

  /**
   * Reads {@value Tokenizer#FILE_NAME} in a directory.
   *
   * @throws InvalidInputException if it is missing, damaged, or no tokenizer
   */
  public static Tokenizer read(FileSystem fileSystem, Path directory) throws IOException {
    Path file = new Path(directory, Tokenizer.FILE_NAME);
    try {
      return ofJson(WholeFile.read(fileSystem, file), file.toString());
    } catch (FileNotFoundException e) {
      throw new InvalidInputException(
          file + " is missing: copy the directory again, or make it again", e);
    }
  }

  /**
   * The tokenizer in a directory, in any of the forms that {@link #open} takes.
   *
   * @return empty if there is none
   * @throws InvalidInputException if it is damaged
   */
  public static Optional<Tokenizer> find(FileSystem fileSystem, Path directory) throws IOException {
    Path qualified = fileSystem.makeQualified(directory);
    return new TokenizerFiles(qualified.toString(), fileSystem.getConf()).find(qualified);
  }

  /**
   * A tokenizer from the content of a tokenizer.json; the last one's if it is the same.
   *
   * @param name of the file, for messages
   * @throws InvalidInputException if it is not one
   */
  public static Tokenizer ofJson(byte[] json, String name) {
    String sha256 = HexFormat.of().formatHex(Sha256.digest().digest(json));
    Read read = last.get();
    if (read == null || !read.sha256().equals(sha256)) {
      read = new Read(sha256, parsed(json, name));
      last = new SoftReference<>(read);
    }
    return read.tokenizer();
  }

  private static Tokenizer parsed(byte[] json, String name) {
    JsonNode root = tree(json, name);
    require(
        root.path("model").isObject(),
        "%s is JSON, but not a tokenizer: it has no 'model': give a tokenizer.json, or a"
            + " vocabulary with its merges as vocab.json,merges.txt",
        name);
    if (CharTokenizerJson.recognises(root)) {
      return CharTokenizer.of(CharTokenizerJson.read(root, name));
    }
    try {
      return BpeTokenizer.of(
          BpeJson.read(root), new PostProcessorJson(name).read(root.path("post_processor")));
    } catch (NotByteLevelException e) {
      LOG.debug("{} is read by HuggingFace's library: {}", name, e.getMessage());
      return LibraryTokenizer.of(json, root, name);
    }
  }

  static JsonNode tree(byte[] json, String name) {
    require(json.length > 0, "%s is empty: copy it again, or make it again", name);
    WholeFile.requireUnpacked(json, name);
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException | CharConversionException e) {
      throw new InvalidInputException(
          String.format("%s is not JSON (%s): copy it again, or make it again", name, Reason.of(e)),
          e);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // an array has no I/O
    }
  }
}
