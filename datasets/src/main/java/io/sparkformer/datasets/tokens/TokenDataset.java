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
 * <p>Splits are opened when they are first asked for, and the sizes of their files looked at then,
 * which costs the same however large they are. Contents are checked block by block as they are
 * first read, if the data set has the sums of its blocks ({@link ShardFile#hasSums}). What is not
 * on a local disk is copied to the temporary directory then, where it stays for others until the
 * JVM exits. Safe for many threads.
 */
public final class TokenDataset implements Closeable {

  private final Path directory;
  private final DatasetManifest manifest;
  private final Tokenizer tokenizer;
  private final LocalFiles files;
  private final Map<SplitName, List<TokenShard>> textShards = new HashMap<>();
  private final Map<SplitName, TokenSequences> sequences = new HashMap<>();
  private final Map<SplitName, TokenSequences> labels = new HashMap<>();
  private final List<BlockFile> opened = new ArrayList<>();

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
   * @throws InvalidInputException if there is no such split, or a file of it is missing, has
   *     another size or, if it is small, was altered
   */
  public TokenStream split(SplitName name) throws IOException {
    return TokenStream.of(name.label(), textShards(name));
  }

  /**
   * A split's tokens, sequence by sequence.
   *
   * @throws InvalidInputException if there is no such split, or a file of it is missing, has
   *     another size or, if it is small, was altered
   */
  public synchronized TokenSequences sequences(SplitName name) throws IOException {
    TokenSequences found = sequences.get(name);
    if (found == null) {
      List<TokenShard> shards = textShards(name);
      List<SequenceIndex> indexes = indexes(splitNamed(name).files());
      indexes.forEach(index -> requireDtype(index.dtype(), index.toString()));
      found = TokenSequences.of(shards, indexes);
      sequences.put(name, found);
    }
    return found;
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
    TokenSequences found = labels.get(name);
    if (found == null) {
      List<ShardFile> recorded = split.labelFiles();
      files.requireSizes(recorded);
      List<SequenceIndex> indexes = indexes(recorded);
      List<BlockFile> bins = opened(recorded, ShardFile.TOKENS_ENDING);
      List<TokenShard> shards = new ArrayList<>();
      for (int i = 0; i < bins.size(); i++) {
        shards.add(TokenShard.of(bins.get(i), indexes.get(i).dtype()));
      }
      found = TokenSequences.of(shards, indexes);
      labels.put(name, found);
    }
    return found;
  }

  /** Closes every stream and sequence. */
  @Override
  public synchronized void close() {
    opened.forEach(BlockFile::close);
  }

  private synchronized List<TokenShard> textShards(SplitName name) throws IOException {
    List<ShardFile> recorded = splitNamed(name).files();
    List<TokenShard> found = textShards.get(name);
    if (found == null) {
      files.requireSizes(recorded);
      for (ShardFile file : recorded) {
        if (file.name().endsWith(ShardFile.INDEX_ENDING)) {
          files.dtype(file).ifPresent(dtype -> requireDtype(dtype, file.name()));
        }
      }
      found =
          opened(recorded, ShardFile.TOKENS_ENDING).stream()
              .map(file -> TokenShard.of(file, manifest.dtype()))
              .toList();
      textShards.put(name, found);
    }
    return found;
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

  private void requireDtype(TokenDtype found, String index) {
    require(
        found == manifest.dtype(),
        "%s holds %s where %s says %s: make the data set again with the tokenize job",
        index,
        found.label(),
        DatasetManifest.FILE_NAME,
        manifest.dtype().label());
  }

  private List<SequenceIndex> indexes(List<ShardFile> recorded) throws IOException {
    List<SequenceIndex> indexes =
        opened(recorded, ShardFile.INDEX_ENDING).stream().map(SequenceIndex::new).toList();
    require(
        2 * indexes.size() == recorded.size(),
        "%s: %s has a .bin without its .idx: %s",
        directory,
        DatasetManifest.FILE_NAME,
        LocalFiles.REMEDY);
    return indexes;
  }

  private List<BlockFile> opened(List<ShardFile> recorded, String ending) throws IOException {
    List<BlockFile> found =
        files.open(recorded.stream().filter(file -> file.name().endsWith(ending)).toList());
    opened.addAll(found);
    return found;
  }
}
