package io.sparkformer.datasets;

import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/** The local disk as Hadoop sees it. */
public final class LocalFiles {

  private LocalFiles() {}

  public static org.apache.hadoop.fs.Path hadoop(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri());
  }

  public static FileSystem localFiles() {
    return Storage.fileSystem(new org.apache.hadoop.fs.Path("file:///"), new Configuration());
  }
}
