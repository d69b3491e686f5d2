package io.sparkformer.datasets.tokenizer;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.WholeFile;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/** The files of a tokenizer that a user names by path. */
final class TokenizerFiles {

  /** Of gzip: a tokenizer's JSON has up to 10 times its packed size, a bomb 1000 times. */
  private static final int MAX_RATIO = 50;

  private static final int SMALL_BYTES = 1 << 16;
  private static final int GZIP_MAGIC = 0x8B1F;

  private record Pair(String vocabulary, String merges) {}

  private static final List<Pair> PAIRS =
      List.of(new Pair("vocab.json", "merges.txt"), new Pair("encoder.json", "vocab.bpe"));

  private final String spec;
  private final Configuration hadoop;

  TokenizerFiles(String spec, Configuration hadoop) {
    this.spec = spec;
    this.hadoop = hadoop;
  }

  Tokenizer read() throws IOException {
    Path path = Storage.path(spec);
    Optional<FileStatus> status = status(path);
    if (status.isPresent()) {
      return status.get().isDirectory()
          ? find(path).orElseThrow(() -> unknown(spec + " has none of the files of a tokenizer"))
          : ofFile(path);
    }
    int comma = spec.indexOf(',');
    if (comma > 0 && comma < spec.length() - 1) {
      return ofPair(
          Storage.path(spec.substring(0, comma).strip()),
          Storage.path(spec.substring(comma + 1).strip()));
    }
    throw unknown(spec + " is not there");
  }

  /** The tokenizer in a directory, if there is one. */
  Optional<Tokenizer> find(Path directory) throws IOException {
    Optional<Path> json = existing(directory, Tokenizer.FILE_NAME);
    if (json.isPresent()) {
      return Optional.of(ofFile(json.get()));
    }
    for (Pair pair : PAIRS) {
      Optional<Path> vocabulary = existing(directory, pair.vocabulary());
      Optional<Path> merges = existing(directory, pair.merges());
      if (vocabulary.isPresent() && merges.isPresent()) {
        return Optional.of(ofPair(vocabulary.get(), merges.get()));
      }
    }
    return Optional.empty();
  }

  private Tokenizer ofFile(Path file) throws IOException {
    return Tokenizers.ofJson(content(file), Storage.shown(file));
  }

  private Tokenizer ofPair(Path vocabulary, Path merges) throws IOException {
    String vocabularyName = Storage.shown(vocabulary);
    return BpeTokenizer.of(
        MergesFile.read(
            Tokenizers.tree(content(vocabulary), vocabularyName),
            vocabularyName,
            content(merges),
            Storage.shown(merges)));
  }

  private Optional<Path> existing(Path directory, String name) throws IOException {
    for (String suffix : List.of("", ".gz")) {
      Path file = new Path(directory, name + suffix);
      if (status(file).isPresent()) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  private Optional<FileStatus> status(Path path) throws IOException {
    try {
      return Optional.of(Storage.fileSystem(path, hadoop).getFileStatus(path));
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }

  private byte[] content(Path file) throws IOException {
    Optional<FileStatus> status = status(file);
    if (status.isEmpty() || status.get().isDirectory()) {
      throw unknown(Storage.shown(file) + " is not a file");
    }
    byte[] bytes = WholeFile.read(Storage.fileSystem(file, hadoop), file);
    boolean gzip = bytes.length > 1 && ((bytes[1] & 0xFF) << 8 | (bytes[0] & 0xFF)) == GZIP_MAGIC;
    byte[] content = gzip ? unpacked(bytes, Storage.shown(file)) : bytes;
    WholeFile.requireUnpacked(content, Storage.shown(file));
    return content;
  }

  private static byte[] unpacked(byte[] bytes, String name) throws IOException {
    long most = Math.min(WholeFile.MAX_BYTES, (long) MAX_RATIO * bytes.length + SMALL_BYTES);
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return WholeFile.bounded(in, (int) most, name + ", unpacked,");
    } catch (ZipException | EOFException e) {
      throw new InvalidInputException(
          String.format("%s is damaged gzip (%s): copy it again", name, e.getMessage()), e);
    }
  }

  private InvalidInputException unknown(String problem) {
    return new InvalidInputException(
        String.format(
            "no tokenizer: %s: give one of %s; or the path of a tokenizer.json, of a directory with"
                + " tokenizer.json or with vocab.json and merges.txt, or of two such files as"
                + " vocab.json,merges.txt",
            problem, BuiltIn.names()));
  }
}
