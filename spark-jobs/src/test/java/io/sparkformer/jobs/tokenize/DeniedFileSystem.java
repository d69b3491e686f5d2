package io.sparkformer.jobs.tokenize;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.security.AccessControlException;

/** The local disk under the scheme {@code denied}, where files may be listed but not read. */
public final class DeniedFileSystem extends RawLocalFileSystem {

  @Override
  public URI getUri() {
    return URI.create("denied:///");
  }

  @Override
  public String getScheme() {
    return "denied";
  }

  @Override
  public FSDataInputStream open(Path file, int bufferSize) throws IOException {
    throw new AccessControlException("Permission denied: user=nobody");
  }
}
