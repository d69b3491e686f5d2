package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.Closing;
import io.sparkformer.datasets.text.Utf8Text;
import io.sparkformer.datasets.tokenizer.Encoder;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.ShardWriter;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDtype;
import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Writes what a split gets of a unit: a document, or the part of it that the split gets, is one
 * sequence. Files are made when there is something to write. For one thread.
 */
final class SplitWriter implements Closeable {

  private final FileSystem fileSystem;
  private final Path directory;
  private final String name;
  private final ShardLayout layout;
  private final int[] single = new int[1];

  private Optional<ShardWriter> text = Optional.empty();
  private Optional<ShardWriter> labels = Optional.empty();
  private long tokens;
  private long documents;
  private long characters;
  private long bytes;

  private long sequenceTokens;
  private long sequenceCharacters;
  private long sequenceBytes;

  /**
   * How a data set's shards are written.
   *
   * @param labelDtype how labels are, if there are any
   */
  record ShardLayout(TokenDtype dtype, TokenDtype labelDtype) implements Serializable {}

  SplitWriter(FileSystem fileSystem, Path directory, SplitName split, ShardLayout layout) {
    this.fileSystem = fileSystem;
    this.directory = directory;
    this.name = split.label();
    this.layout = layout;
  }

  /** Adds a piece of the open document and returns its characters. */
  int append(Encoder encoder, byte[] utf8, int from, int to) throws IOException {
    int added = Utf8Text.characters(utf8, from, to);
    count(added, to - from);
    encoder.append(utf8, from, to, this::append);
    return added;
  }

  /** Gives what the encoder holds back. */
  void flush(Encoder encoder) throws IOException {
    encoder.endDocument(this::append);
  }

  /** Adds one token, or tokens that were made before. */
  void append(int[] ids, int count) throws IOException {
    if (count == 0) {
      return; // A file is made when there is something to write.
    }
    text().append(ids, 0, count);
    sequenceTokens += count;
  }

  void append(int id) throws IOException {
    single[0] = id;
    append(single, 1);
  }

  /** Counts text that came as tokens. */
  void count(long textCharacters, long textBytes) {
    sequenceCharacters += textCharacters;
    sequenceBytes += textBytes;
  }

  /**
   * Ends the sequence of a document, or of a part of one. Without a token it is none: it leaves
   * nothing, and its label must not be added.
   *
   * @return whether there is a sequence
   */
  boolean endSequence() throws IOException {
    boolean any = sequenceTokens > 0;
    if (any) {
      text().endDocument();
      tokens += sequenceTokens;
      characters += sequenceCharacters;
      bytes += sequenceBytes;
    }
    sequenceTokens = 0;
    sequenceCharacters = 0;
    sequenceBytes = 0;
    return any;
  }

  void countDocument() {
    documents++;
  }

  /** Adds the label of the document whose sequence was ended. */
  void label(int id) throws IOException {
    if (labels.isEmpty()) {
      labels =
          Optional.of(
              ShardWriter.create(
                  fileSystem, directory, name + ShardFile.LABELS, layout.labelDtype()));
    }
    single[0] = id;
    labels.get().append(single, 0, 1);
    labels.get().endDocument();
  }

  long tokens() {
    return tokens + sequenceTokens;
  }

  /** Completes the files. */
  UnitResult.Part finish() throws IOException {
    if (text.isEmpty()) {
      return UnitResult.Part.NONE;
    }
    return new UnitResult.Part(
        tokens,
        documents,
        characters,
        bytes,
        new ArrayList<>(text.get().finish()),
        new ArrayList<>(labels.isEmpty() ? List.of() : labels.get().finish()));
  }

  @Override
  public void close() throws IOException {
    Closing.all(Stream.concat(text.stream(), labels.stream()).toList());
  }

  private ShardWriter text() throws IOException {
    if (text.isEmpty()) {
      text = Optional.of(ShardWriter.create(fileSystem, directory, name, layout.dtype()));
    }
    return text.get();
  }
}
