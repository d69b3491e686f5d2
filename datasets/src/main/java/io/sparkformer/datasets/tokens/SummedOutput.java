package io.sparkformer.datasets.tokens;

import io.sparkformer.datasets.Sha256;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.HexFormat;

/** Takes the checksums of what is written. */
final class SummedOutput extends FilterOutputStream {

  private final MessageDigest digest = Sha256.digest();
  private final BlockSums blocks = new BlockSums();

  SummedOutput(OutputStream out) {
    super(out);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int count) throws IOException {
    out.write(bytes, offset, count);
    digest.update(bytes, offset, count);
    blocks.update(bytes, offset, count);
  }

  /** Of all that was written; to be asked for once, at the end. */
  String sha256() {
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The sums of its blocks; to be asked for at the end. */
  String crc32c() {
    return blocks.finish();
  }
}
