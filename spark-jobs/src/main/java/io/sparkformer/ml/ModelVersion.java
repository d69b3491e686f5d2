package io.sparkformer.ml;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.Storage;
import java.io.IOException;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What tells the files of a model's directory from those that come in their place.
 *
 * <p>A path of a machine's own may name a copy on each, whose times are its own. So on another
 * machine some of the content stands for them.
 *
 * @param host of which the times are; empty for a file system that machines share
 * @param times of change, by name
 * @param files sizes, and the checksum of some of the content on a machine's own, by name
 */
record ModelVersion(String host, SortedMap<String, Long> times, SortedMap<String, String> files)
    implements Serializable {

  private static final int SAMPLES = 16;
  private static final int SAMPLE_BYTES = 1 << 16;

  ModelVersion {
    times = new TreeMap<>(times);
    files = new TreeMap<>(files);
  }

  /** As the files are now; none if there is no such directory. */
  static ModelVersion of(Path directory, Configuration hadoop) throws IOException {
    FileSystem fileSystem = Storage.fileSystem(directory, hadoop);
    boolean own = fileSystem.getUri().getScheme().equals("file");
    SortedMap<String, Long> times = new TreeMap<>();
    SortedMap<String, String> files = new TreeMap<>();
    if (fileSystem.exists(directory)) {
      for (FileStatus file : fileSystem.listStatus(directory)) {
        String name = file.getPath().getName();
        if (file.isFile() && !name.startsWith(".") && !name.startsWith("_")) {
          times.put(name, file.getModificationTime());
          files.put(name, file.getLen() + (own ? " " + sample(fileSystem, file) : ""));
        }
      }
    }
    return new ModelVersion(own ? machine() : "", times, files);
  }

  /** The JVM knows it as its own name, where a name service may not. */
  private static String machine() {
    return ManagementFactory.getRuntimeMXBean().getName().replaceFirst(".*@", "");
  }

  /** The checksum of pieces, evenly spaced from the begin to the end. */
  private static String sample(FileSystem fileSystem, FileStatus file) throws IOException {
    MessageDigest digest = Sha256.digest();
    byte[] piece = new byte[(int) Math.min(SAMPLE_BYTES, file.getLen())];
    long last = file.getLen() - piece.length;
    try (FSDataInputStream in = fileSystem.open(file.getPath())) {
      for (int i = 0; i < (last == 0 ? 1 : SAMPLES); i++) {
        in.readFully(last * i / (SAMPLES - 1), piece);
        digest.update(piece);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Makes sure that a directory still has these files.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if not
   */
  void requireOf(Path directory, Configuration hadoop) throws IOException {
    ModelVersion now = of(directory, hadoop);
    TreeMap<String, String> all = new TreeMap<>(files);
    all.putAll(now.files);
    for (String name : all.keySet()) {
      boolean same =
          all.get(name).equals(files.get(name))
              && (!host.equals(now.host) || times.get(name).equals(now.times.get(name)));
      String what =
          !files.containsKey(name) ? "new" : now.files.containsKey(name) ? "another file" : "gone";
      require(
          same && now.files.containsKey(name),
          "%s was changed after this work began (%s is %s): begin it again, with the model that is there now, and put"
              + " new models into directories of their own",
          Storage.shown(directory),
          name,
          what);
    }
  }
}
