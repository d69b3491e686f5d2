package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A token data set directory, open for reading.
 *
 * <p>Splits are opened when they are first asked for: every file's size and checksum is checked
 * then, and what is not on a local disk is copied to the temporary directory, where it stays for
 * others until the JVM exits. Safe for many threads.
 */
public final class TokenDataset implements Closeable {

  private final Path directory;
  private final DatasetManifest manifest;
  private final Tokenizer tokenizer;
  private final LocalFiles files;
  private final Map<SplitName, List<TokenShard>> textShards = new HashMap<>();
  private final Map<SplitName, List<TokenShard>> labelShards = new HashMap<>();
  private final List<TokenShard> shards = new ArrayList<>();

  private TokenDataset(
      Path directory, DatasetManifest manifest, Tokenizer tokenizer, LocalFiles files) {
    this.directory = directory;
    this.manifest = manifest;
    this.tokenizer = tokenizer;
    this.files = files;
  }

  /**
   * Opens a directory that the tokenize job made.
   *
   * @throws InvalidInputException if there is none, or its dataset.json or tokenizer is damaged
   */
  public static TokenDataset open(Configuration configuration, Path directory) throws IOException {
    FileSystem fileSystem = Storage.fileSystem(directory, configuration);
    DatasetManifest manifest = DatasetManifest.read(fileSystem, directory);
    Tokenizer tokenizer = Tokenizers.read(fileSystem, directory);
    require(
        tokenizer.isOf(manifest.tokenizer().fingerprint())
            && tokenizer.vocabSize() == manifest.vocabSize(),
        "%s: the tokenizer (%d tokens, fingerprint %.12s) is not the one the data set was made with (%d, %.12s):"
            + " copy the data set again, or make it again with the tokenize job",
        directory,
        tokenizer.vocabSize(),
        tokenizer.fingerprint(),
        manifest.vocabSize(),
        manifest.tokenizer().fingerprint());
    return new TokenDataset(
        directory, manifest, tokenizer, new LocalFiles(fileSystem, directory, manifest));
  }

  public DatasetManifest manifest() {
    return manifest;
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Where it is, as it was given. */
  public Path directory() {
    return directory;
  }

  /**
   * A split's tokens.
   *
   * @throws InvalidInputException if there is no such split, or a file of it is missing or altered
   */
  public TokenStream split(SplitName name) throws IOException {
    return TokenStream.of(name.label(), textShards(name));
  }

  /**
   * A split's tokens, sequence by sequence.
   *
   * @throws InvalidInputException if there is no such split, or a file of it is missing or altered
   */
  public TokenSequences sequences(SplitName name) throws IOException {
    return TokenSequences.of(textShards(name));
  }

  /**
   * A split's labels: ids of {@link DatasetManifest#labels()}, for each of its sequences of tokens
   * a sequence of one label, or of one for each token.
   *
   * @throws InvalidInputException if there is no such split, the data set has no labels, or a file
   *     is missing or altered
   */
  public synchronized TokenSequences labels(SplitName name) throws IOException {
    DatasetManifest.Split split = splitNamed(name);
    require(
        !manifest.labels().isEmpty(),
        "%s has no labels: if its source has some, tokenize it with --label-column, or use the head language-model",
        directory);
    List<TokenShard> opened = labelShards.get(name);
    if (opened == null) {
      opened = openShards(split.labelFiles());
      labelShards.put(name, opened);
    }
    return TokenSequences.of(opened);
  }

  /** Closes every stream and sequence. */
  @Override
  public synchronized void close() {
    shards.forEach(TokenShard::close);
  }

  private synchronized List<TokenShard> textShards(SplitName name) throws IOException {
    DatasetManifest.Split split = splitNamed(name);
    List<TokenShard> opened = textShards.get(name);
    if (opened == null) {
      opened = openShards(split.files());
      for (TokenShard shard : opened) {
        require(
            shard.index().dtype() == manifest.dtype(),
            "%s holds %s where %s says %s: make the data set again with the tokenize job",
            shard.file(),
            shard.index().dtype().label(),
            DatasetManifest.FILE_NAME,
            manifest.dtype().label());
      }
      textShards.put(name, opened);
    }
    return opened;
  }

  private DatasetManifest.Split splitNamed(SplitName name) {
    DatasetManifest.Split split = manifest.splits().get(name);
    require(
        split != null,
        "%s has no split '%s': use one of %s",
        directory,
        name,
        manifest.splits().keySet().stream()
            .map(SplitName::label)
            .collect(Collectors.joining(", ")));
    return split;
  }

  private List<TokenShard> openShards(List<ShardFile> ofSplit) throws IOException {
    List<java.nio.file.Path> tokenFiles = new ArrayList<>();
    for (ShardFile file : ofSplit) {
      java.nio.file.Path local = files.verified(file);
      if (file.name().endsWith(ShardFile.TOKENS_ENDING)) {
        tokenFiles.add(local);
      }
    }
    List<TokenShard> opened = new ArrayList<>();
    for (java.nio.file.Path file : tokenFiles) {
      TokenShard shard = TokenShard.open(file);
      shards.add(shard);
      opened.add(shard);
    }
    return opened;
  }
}
