package io.sparkformer.collective;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;

/** What comes over a socket within a time, however many reads it takes. */
final class BoundedInput extends InputStream {

  private final Socket socket;
  private final InputStream in;
  private final int millis;
  private final long sinceNanos = System.nanoTime();

  BoundedInput(Socket socket, int millis) throws IOException {
    this.socket = socket;
    this.in = socket.getInputStream();
    this.millis = millis;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    long left = millis - (System.nanoTime() - sinceNanos) / 1_000_000;
    if (left <= 0) {
      throw new SocketTimeoutException("its answer was not there after " + millis + " ms");
    }
    socket.setSoTimeout((int) left);
    return in.read(into, offset, length);
  }
}
