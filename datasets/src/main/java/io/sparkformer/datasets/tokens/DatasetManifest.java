package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.WholeFile;
import java.io.CharConversionException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * dataset.json, which makes a directory a token data set: what is in it, of which sources it was
 * made and how.
 *
 * <p>Keys are in snake_case. The format version changes when older programs would misread the file;
 * keys that are only added are skipped by them.
 *
 * @param formatVersion {@link #FORMAT_VERSION}
 * @param tokenizer the tokenizer's file and fingerprint
 * @param vocabSize number of token ids
 * @param dtype how tokens are stored
 * @param labels the classes that labels stand for, by id; empty if the data set has none
 * @param documents documents in all splits; one that is cut in two counts once
 * @param malformedReplaced malformed byte sequences of the sources that were read as U+FFFD
 * @param skipped documents of the sources that are not in the data set
 * @param splits by name
 * @param sources the files that were read, in the order of the tokens
 * @param options the options that decide the content, as text by name
 */
public record DatasetManifest(
    int formatVersion,
    TokenizerFile tokenizer,
    int vocabSize,
    TokenDtype dtype,
    List<String> labels,
    long documents,
    long malformedReplaced,
    Skipped skipped,
    SortedMap<SplitName, Split> splits,
    List<Source> sources,
    SortedMap<String, String> options) {

  public static final int FORMAT_VERSION = 2;
  public static final String FILE_NAME = "dataset.json";

  /** The option that says whether documents end with the end-of-text token. */
  public static final String END_OF_TEXT = "end_of_text";

  private static final String MAKE = "make the data set again with the tokenize job";
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .build();

  /**
   * Which tokenizer made the tokens.
   *
   * @param file name within the directory
   * @param fingerprint {@link io.sparkformer.datasets.tokenizer.Tokenizer#fingerprint()}
   */
  public record TokenizerFile(String file, String fingerprint) {}

  /**
   * What a split holds.
   *
   * @param tokens tokens in all shards
   * @param documents documents of which the split has a part
   * @param characters Unicode code points that the tokens stand for; loss per token times tokens /
   *     characters is loss per character
   * @param bytes the same in bytes of UTF-8
   * @param files a .bin and an .idx file per shard, in order
   * @param labelFiles the same for labels, one sequence for each of the shard's sequences: of one
   *     label id, or of one for each token; none if the data set has no labels
   */
  public record Split(
      long tokens,
      long documents,
      long characters,
      long bytes,
      List<ShardFile> files,
      List<ShardFile> labelFiles) {
    public Split {
      files = List.copyOf(files);
      labelFiles = List.copyOf(labelFiles);
      long inFiles = files.stream().filter(Split::isTokens).mapToLong(ShardFile::tokens).sum();
      require(
          inFiles == tokens, "a split of %d tokens has files with %d: %s", tokens, inFiles, MAKE);
      require(
          tokens >= 0 && documents >= 0 && characters >= 0 && bytes >= 0,
          "a split has a negative count (tokens %d, documents %d, characters %d, bytes %d): %s",
          tokens,
          documents,
          characters,
          bytes,
          MAKE);
    }

    /** The files of its text, then those of its labels. */
    public List<ShardFile> allFiles() {
      return Stream.concat(files.stream(), labelFiles.stream()).toList();
    }

    /** Sequences in all shards. */
    public long sequences() {
      return sequences(files);
    }

    /** Sequences of labels in all shards: as many, or none. */
    public long labelSequences() {
      return sequences(labelFiles);
    }

    private static long sequences(List<ShardFile> of) {
      return of.stream().filter(Split::isTokens).mapToLong(ShardFile::sequences).sum();
    }

    private static boolean isTokens(ShardFile file) {
      return file.name().endsWith(ShardFile.TOKENS_ENDING);
    }
  }

  /**
   * Documents that were left out.
   *
   * @param nullDocuments nulls of a table, in the text or the label
   * @param emptyDocuments texts of no characters, or of none that the tokenizer has a token for
   * @param duplicateDocuments copies of an earlier document
   */
  public record Skipped(long nullDocuments, long emptyDocuments, long duplicateDocuments)
      implements Serializable {

    public static final Skipped NONE = new Skipped(0, 0, 0);

    public Skipped plus(Skipped other) {
      return new Skipped(
          nullDocuments + other.nullDocuments,
          emptyDocuments + other.emptyDocuments,
          duplicateDocuments + other.duplicateDocuments);
    }

    /** All of them. */
    public long documents() {
      return nullDocuments + emptyDocuments + duplicateDocuments;
    }
  }

  /** A file that was read, with its size then. */
  public record Source(String path, long bytes) {}

  public DatasetManifest {
    require(vocabSize > 0, "vocab_size is %d, it must be at least 1: %s", vocabSize, MAKE);
    labels = List.copyOf(labels);
    splits = Collections.unmodifiableSortedMap(new TreeMap<>(splits));
    sources = List.copyOf(sources);
    options = Collections.unmodifiableSortedMap(new TreeMap<>(options));
  }

  /** Whether a split is there and not empty. */
  public boolean has(SplitName name) {
    Split split = splits.get(name);
    return split != null && split.tokens() > 0;
  }

  /** Whether the tokenizer's end-of-text token, if it has one, follows every document. */
  public boolean endsDocuments() {
    return Boolean.parseBoolean(options.get(END_OF_TEXT));
  }

  /**
   * Reads {@value #FILE_NAME} of a directory.
   *
   * @throws InvalidInputException if the directory or the file is missing, damaged, or of another
   *     format version
   */
  public static DatasetManifest read(FileSystem fileSystem, Path directory) throws IOException {
    Path file = new Path(directory, FILE_NAME);
    require(
        fileSystem.exists(directory),
        "%s: no such data set: check the path, or make one with the tokenize job (--output %s)",
        directory,
        directory);
    try {
      JsonNode root = JSON.readTree(WholeFile.read(fileSystem, file));
      int version = root.path("format_version").asInt(0);
      require(
          version == FORMAT_VERSION,
          "%s has format version %s, this program reads %d: %s",
          file,
          root.path("format_version").isMissingNode()
              ? "none"
              : root.path("format_version").toString(),
          FORMAT_VERSION,
          MAKE);
      withoutSums(root);
      return JSON.treeToValue(root, DatasetManifest.class);
    } catch (FileNotFoundException e) {
      if (fileSystem.exists(file)) {
        throw e; // it is there, but may not be read
      }
      throw new InvalidInputException(
          String.format(
              "%s has no %s, so it is not a token data set: check the path, or %s",
              directory, FILE_NAME, MAKE),
          e);
    } catch (JsonProcessingException | CharConversionException e) {
      throw new InvalidInputException(
          String.format("%s is damaged (%s): copy it again, or %s", file, problem(e), MAKE), e);
    }
  }

  /**
   * Writes {@value #FILE_NAME} into a directory; to be done last, since it makes the directory a
   * data set.
   */
  public void write(FileSystem fileSystem, Path directory) throws IOException {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter().withObjectIndenter(indenter).withArrayIndenter(indenter);
    try (OutputStream out = fileSystem.create(new Path(directory, FILE_NAME), true)) {
      out.write(JSON.writer(printer).writeValueAsBytes(this));
      out.write('\n');
    }
  }

  /** Says of files that earlier builds wrote that they have no sums of blocks. */
  private static void withoutSums(JsonNode root) {
    for (JsonNode file : root.findParents("sha256")) {
      if (!file.has("crc32c")) {
        ((ObjectNode) file).put("crc32c", "");
      }
    }
  }

  private static String problem(IOException e) {
    if (e instanceof InvalidFormatException wrong && wrong.getTargetType() == SplitName.class) {
      return "it has a split '" + wrong.getValue() + "', where there are train and valid";
    }
    String cause =
        e.getCause() instanceof InvalidInputException own ? own.getMessage() : Reason.of(e);
    // Jackson adds the record component's number and its own setting's name to a missing key.
    return Reason.firstLine(cause).replaceFirst(" \\(index.*", "");
  }
}
