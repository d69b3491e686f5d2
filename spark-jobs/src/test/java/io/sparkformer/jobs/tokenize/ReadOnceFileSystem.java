package io.sparkformer.jobs.tokenize;

import java.io.IOException;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * The local disk under the scheme {@code once}, where the second reading of a file fails as a
 * broken disk does.
 */
public final class ReadOnceFileSystem extends RawLocalFileSystem {

  private static final Set<Path> READ = ConcurrentHashMap.newKeySet();

  @Override
  public URI getUri() {
    return URI.create("once:///");
  }

  @Override
  public String getScheme() {
    return "once";
  }

  @Override
  public FSDataInputStream open(Path file, int bufferSize) throws IOException {
    if (!READ.add(file)) {
      throw new IOException("disk failed");
    }
    return super.open(file, bufferSize);
  }
}
