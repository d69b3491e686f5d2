package io.sparkformer.datasets;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * Gives a directory that was written under another name its own, in place of an older one.
 *
 * <p>A directory is whole if its marker is there, whatever its name: the marker is the file that is
 * written last, and deleted first. Nothing whole is deleted before another whole one can be read.
 * Where a directory is renamed in one act, it is renamed. Elsewhere, as in object stores, whose
 * rename is many copies and deletions, it is copied, file by file, and a placement that was cut
 * short can be finished.
 */
public final class Placement {

  private static final Set<String> RENAMES_AT_ONCE =
      Set.of("file", "hdfs", "webhdfs", "swebhdfs", "maprfs");
  private static final String OLD = ".old";

  /** The second is what earlier builds named it. */
  private static final Pattern MOVED_AWAY =
      Pattern.compile(
          "\\.(.+)\\.(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.old|replaced-[0-9a-f-]{36})");

  private static final int COPIES_AT_ONCE = 8;

  private Placement() {}

  /** Whether a directory gets another name in one act, so that nobody ever sees a part of it. */
  public static boolean renamesAtOnce(FileSystem fileSystem) {
    return fileSystem instanceof RawLocalFileSystem
        || RENAMES_AT_ONCE.contains(String.valueOf(fileSystem.getUri().getScheme()));
  }

  /**
   * Puts a whole directory where another may be.
   *
   * @param staged is gone then
   * @param target its parent exists; if this fails, what was there is there still, or {@code
   *     staged} is whole
   * @param marker name of the file by which both are whole
   */
  public static void place(FileSystem fileSystem, Path staged, Path target, String marker)
      throws IOException {
    if (!renamesAtOnce(fileSystem)) {
      delete(fileSystem, target, marker);
      copy(fileSystem, staged, fileSystem, target, marker);
      delete(fileSystem, staged, marker);
      return;
    }
    Optional<Path> old = swap(fileSystem, staged, target);
    if (old.isPresent()) {
      fileSystem.delete(old.get(), true);
    }
  }

  /**
   * Renames a directory or a file, after what has its name was moved away.
   *
   * @return where that is now, to be deleted
   */
  public static Optional<Path> swap(FileSystem fileSystem, Path staged, Path target)
      throws IOException {
    if (!fileSystem.exists(target)) {
      rename(fileSystem, staged, target);
      return Optional.empty();
    }
    Path old = new Path(target.getParent(), "." + target.getName() + "." + UUID.randomUUID() + OLD);
    rename(fileSystem, target, old);
    try {
      rename(fileSystem, staged, target);
    } catch (IOException e) {
      try {
        rename(fileSystem, old, target);
      } catch (IOException back) {
        e.addSuppressed(back);
      }
      throw e;
    }
    return Optional.of(old);
  }

  /**
   * Whether {@link #place} was cut short: what is staged is whole, and what has the name is not.
   * Never so where a directory is renamed in one act.
   */
  public static boolean isCut(FileSystem fileSystem, Path staged, Path target, String marker)
      throws IOException {
    return !renamesAtOnce(fileSystem)
        && !fileSystem.exists(new Path(target, marker))
        && fileSystem.exists(new Path(staged, marker));
  }

  /**
   * Puts back what a killed process had moved away, where nothing has come in its place, and
   * deletes what it had not deleted yet.
   *
   * @param target a directory or a file that nobody else writes now
   */
  public static void restore(FileSystem fileSystem, Path target) throws IOException {
    if (!fileSystem.exists(target.getParent())) {
      return;
    }
    for (FileStatus file : fileSystem.listStatus(target.getParent())) {
      Matcher old = MOVED_AWAY.matcher(file.getPath().getName());
      if (!old.matches() || !old.group(1).equals(target.getName())) {
        continue;
      }
      if (fileSystem.exists(target)) {
        fileSystem.delete(file.getPath(), true);
      } else {
        rename(fileSystem, file.getPath(), target);
      }
    }
  }

  /** Deletes a directory, if it is there, its marker first. */
  public static void delete(FileSystem fileSystem, Path directory, String marker)
      throws IOException {
    if (!renamesAtOnce(fileSystem)) {
      fileSystem.delete(new Path(directory, marker), false);
    }
    fileSystem.delete(directory, true);
  }

  /** Copies the files of a directory and of those in it, the marker last, over what is there. */
  public static void copy(FileSystem source, Path from, FileSystem target, Path to, String marker)
      throws IOException {
    target.mkdirs(to);
    List<Path> names = new ArrayList<>();
    addFiles(source, from, "", names);
    Path last = new Path(marker);
    ExecutorService copies = Executors.newFixedThreadPool(COPIES_AT_ONCE, Placement::daemon);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (Path name : names) {
        if (!name.equals(last)) {
          all.add(copies.submit(() -> copyFile(source, from, target, to, name)));
        }
      }
      for (Future<?> each : all) {
        each.get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while " + Storage.shown(from) + " was copied", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause
          ? new IOException(cause.getMessage(), cause)
          : new IOException(Storage.shown(from) + " was not copied", e.getCause());
    } finally {
      end(copies);
    }
    if (names.contains(last)) {
      copyFile(source, from, target, to, last);
    }
  }

  /** None of them writes afterwards. */
  private static void end(ExecutorService copies) {
    copies.shutdownNow();
    boolean interrupted = false;
    for (boolean ended = false; !ended; ) {
      try {
        ended = copies.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static Path copyFile(FileSystem source, Path from, FileSystem target, Path to, Path name)
      throws IOException {
    Configuration configuration = target.getConf();
    Path copy = new Path(to, name);
    if (!FileUtil.copy(source, new Path(from, name), target, copy, false, true, configuration)) {
      throw new IOException(Storage.shown(copy) + " was not written");
    }
    return copy;
  }

  /** Files below a directory, by their names from there. */
  private static void addFiles(FileSystem fileSystem, Path root, String below, List<Path> names)
      throws IOException {
    Path directory = below.isEmpty() ? root : new Path(root, below);
    for (FileStatus file : fileSystem.listStatus(directory)) {
      String name =
          below.isEmpty() ? file.getPath().getName() : below + "/" + file.getPath().getName();
      if (file.isDirectory()) {
        addFiles(fileSystem, root, name, names);
      } else {
        names.add(new Path(name));
      }
    }
  }

  private static void rename(FileSystem fileSystem, Path from, Path to) throws IOException {
    if (!fileSystem.rename(from, to)) {
      throw new IOException("cannot rename " + from + " to " + to);
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "placement");
    thread.setDaemon(true);
    return thread;
  }
}
