package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.LongWork;
import io.sparkformer.datasets.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * A data set's files on a local disk, where they can be mapped: in place, or copied there block by
 * block as they are read.
 *
 * <p>What was checked once is not again in the same JVM: a training attempt that is started anew in
 * it reads on at once.
 */
final class LocalFiles {

  static final String REMEDY =
      "copy the data set again, or make it again with the tokenize job; 'sparkformer dataset verify'"
          + " names all that is damaged";

  /** So much is checked at once: it takes no time, and damage is found before anything begins. */
  private static final long SMALL_BYTES = 64 << 20;

  /** What was read of files; more than these are checked again. */
  private static final int REMEMBERED_FILES = 1 << 16;

  private static final Map<Checked, FirstReads> CHECKED =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Checked, FirstReads> eldest) {
          return size() > REMEMBERED_FILES;
        }
      };

  /** A change this soon after another may leave the modification time as it is. */
  private static final Duration CLOCK_TICK = Duration.ofSeconds(2);

  private final FileSystem fileSystem;
  private final Path directory;
  private final DatasetManifest manifest;

  /** A file's state: another one is checked anew. */
  private record Checked(
      java.nio.file.Path file, Object key, FileTime modified, ShardFile recorded) {}

  LocalFiles(FileSystem fileSystem, Path directory, DatasetManifest manifest) {
    this.fileSystem = fileSystem;
    this.directory = fileSystem.makeQualified(directory);
    this.manifest = manifest;
  }

  /**
   * Opens files, which are read later, but for a few megabytes that are there.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if those were altered
   */
  List<BlockFile> open(List<ShardFile> files) throws IOException {
    LongWork work = LongWork.begin("opening " + Storage.shown(directory), "files", files.size());
    List<BlockFile> opened = new ArrayList<>();
    if (!(fileSystem instanceof RawLocalFileSystem raw)) {
      LocalCopies copies = LocalCopies.of(directory, manifest);
      for (ShardFile file : files) {
        opened.add(copies.open(fileSystem, directory, file));
        work.at(opened.size());
      }
      return opened;
    }
    for (ShardFile file : files) {
      opened.add(inPlace(raw, file));
      work.at(opened.size());
    }
    if (files.stream().mapToLong(ShardFile::bytes).sum() <= SMALL_BYTES) {
      opened.forEach(file -> file.require(0, file.recorded().bytes()));
    }
    return opened;
  }

  /**
   * Looks at the sizes of files, all of them at once, since some file systems take long for each.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if one is missing or has another size
   */
  void requireSizes(List<ShardFile> files) throws IOException {
    Map<String, Long> sizes = new HashMap<>();
    for (FileStatus status : fileSystem.listStatus(directory)) {
      sizes.put(status.getPath().getName(), status.getLen());
    }
    for (ShardFile file : files) {
      Long bytes = sizes.get(file.name());
      require(bytes != null, "%s is missing: %s", shown(file), REMEDY);
      require(
          bytes == file.bytes(),
          "%s has %d bytes where %d are recorded: %s",
          shown(file),
          bytes,
          file.bytes(),
          REMEDY);
    }
  }

  /**
   * What the header of an index says, if looking at it costs nothing: those of remote ones are
   * looked at when they are read.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it is none, or not as recorded
   */
  Optional<TokenDtype> dtype(ShardFile index) throws IOException {
    return fileSystem instanceof RawLocalFileSystem raw
        ? Optional.of(IndexHeader.read(local(raw, index), index).dtype())
        : Optional.empty();
  }

  private BlockFile inPlace(RawLocalFileSystem raw, ShardFile file) throws IOException {
    java.nio.file.Path local = local(raw, file);
    return BlockFile.open(local, shown(file), file, reads(local, file), BlockFile.Fetch.NONE);
  }

  private static FirstReads reads(java.nio.file.Path local, ShardFile file) throws IOException {
    BasicFileAttributes now = Files.readAttributes(local, BasicFileAttributes.class);
    FirstReads none = new FirstReads(file.bytes());
    if (now.lastModifiedTime().toInstant().isAfter(Instant.now().minus(CLOCK_TICK))) {
      return none;
    }
    Checked state = new Checked(local, now.fileKey(), now.lastModifiedTime(), file);
    synchronized (CHECKED) {
      return CHECKED.computeIfAbsent(state, key -> none);
    }
  }

  private java.nio.file.Path local(RawLocalFileSystem raw, ShardFile file) {
    return raw.pathToFile(new Path(directory, file.name())).toPath();
  }

  private String shown(ShardFile file) {
    return Storage.shown(new Path(directory, file.name()));
  }
}
