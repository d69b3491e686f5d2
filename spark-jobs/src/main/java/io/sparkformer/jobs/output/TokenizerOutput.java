package io.sparkformer.jobs.output;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Placement;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A tokenizer.json that a job makes: it appears under its name when it is complete, and two jobs
 * never write the same.
 */
public final class TokenizerOutput implements Closeable {

  /** The largest tokenizers known have 40 MB. */
  private static final long MAX_BYTES = 1 << 29;

  private final FileSystem fileSystem;
  private final OutputLock lock;
  private final Path output;
  private final Path staging;
  private final ExistingOutput existing;
  private final List<Path> createdParents;
  private boolean committed;

  private TokenizerOutput(
      FileSystem fileSystem,
      OutputLock lock,
      Path output,
      ExistingOutput existing,
      List<Path> createdParents) {
    this.fileSystem = fileSystem;
    this.lock = lock;
    this.output = output;
    this.staging = OutputDirectory.beside(output, OutputDirectory.STAGING);
    this.existing = existing;
    this.createdParents = createdParents;
  }

  /**
   * Locks the output, after everything that can be wrong with it was checked.
   *
   * @param inputs files and directories that the output must not touch
   * @throws InvalidInputException if the output exists and may not be replaced, overlaps an input,
   *     is being written by another job, or cannot be made
   */
  public static TokenizerOutput prepare(
      String output, ExistingOutput existing, List<Path> inputs, Configuration configuration) {
    Path given = Storage.path(output);
    FileSystem fileSystem = Storage.fileSystem(given, configuration);
    Path qualified = fileSystem.makeQualified(given);
    try {
      requireReplaceable(fileSystem, qualified, existing);
      OutputDirectory.requireApart(qualified, inputs, fileSystem);
      List<Path> missing = OutputDirectory.missingParents(fileSystem, qualified);
      Path parent = missing.isEmpty() ? qualified : missing.get(missing.size() - 1);
      requireDirectory(fileSystem, parent.getParent(), qualified);
      OutputLock lock = OutputLock.acquire(fileSystem, qualified);
      try {
        Placement.restore(fileSystem, qualified);
        requireReplaceable(fileSystem, qualified, existing);
      } catch (IOException | RuntimeException e) {
        lock.releaseAfter(e);
        throw e;
      }
      return new TokenizerOutput(fileSystem, lock, qualified, existing, missing);
    } catch (IOException e) {
      throw new InvalidInputException(
          String.format(
              "--output %s cannot be written (%s): choose a file that you may write",
              output, Reason.of(e)),
          e);
    }
  }

  /** Writes the file, in place of an older one if that was asked for. */
  public void commit(Tokenizer tokenizer) throws IOException {
    try (OutputStream out = fileSystem.create(staging, true)) {
      out.write(tokenizer.json());
    }
    lock.requireHeld();
    requireReplaceable(fileSystem, output, existing);
    Optional<Path> old = Placement.swap(fileSystem, staging, output);
    committed = true;
    if (old.isPresent()) {
      fileSystem.delete(old.get(), false);
    }
  }

  /** Deletes what was written, unless it is committed, and lets others write. */
  @Override
  public void close() throws IOException {
    try (lock) {
      if (lock.isHeld()) { // else it may be the file of the job that took this one for dead
        fileSystem.delete(staging, false);
      }
    }
    if (!committed) {
      OutputDirectory.deleteEmpty(fileSystem, createdParents);
    }
  }

  private static void requireReplaceable(
      FileSystem fileSystem, Path output, ExistingOutput existing) throws IOException {
    if (!fileSystem.exists(output)) {
      return;
    }
    require(
        !fileSystem.getFileStatus(output).isDirectory(),
        "--output %s is a directory: give the file to write, such as %s",
        Storage.shown(output),
        Storage.shown(new Path(output, Tokenizer.FILE_NAME)));
    require(
        existing == ExistingOutput.REPLACE,
        "--output %s exists: pass --overwrite to replace it, or choose another file",
        Storage.shown(output));
    require(
        isTokenizer(fileSystem, output),
        "--output %s exists and is not a tokenizer.json: delete it yourself, or choose another file",
        Storage.shown(output));
  }

  private static boolean isTokenizer(FileSystem fileSystem, Path file) throws IOException {
    if (fileSystem.getFileStatus(file).getLen() > MAX_BYTES) {
      return false;
    }
    try (InputStream in = fileSystem.open(file)) {
      return Tokenizers.ofJson(in.readAllBytes(), Storage.shown(file)).vocabSize() > 0;
    } catch (InvalidInputException e) {
      return false;
    }
  }

  private static void requireDirectory(FileSystem fileSystem, Path parent, Path output)
      throws IOException {
    require(
        parent == null || fileSystem.getFileStatus(parent).isDirectory(),
        "--output %s cannot be written (%s is a file): choose a file that you may write",
        Storage.shown(output),
        Storage.shown(parent == null ? output : parent));
  }
}
