package io.sparkformer.jobs.cluster;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The master of a standalone cluster, looked for before Spark does it: Spark tries for minutes and
 * does not say in the end what was wrong.
 */
final class StandaloneMaster {

  private static final Logger LOG = LoggerFactory.getLogger(StandaloneMaster.class);
  private static final String SCHEME = "spark://";
  private static final int CONNECT_MILLIS = 5_000;
  private static final int POLL_MILLIS = 1_000;

  private StandaloneMaster() {}

  /**
   * Waits until something listens where a standalone master is to be; of other masters nothing is
   * asked.
   *
   * @param master as {@code --master} has it
   * @param seconds to wait, as it may be starting
   * @throws InvalidInputException if nothing does, or the address is none
   */
  static void await(String master, int seconds) {
    if (!master.startsWith(SCHEME)) {
      return;
    }
    List<InetSocketAddress> addresses = addresses(master);
    long started = System.nanoTime();
    for (boolean told = false; ; told = true) {
      String reason = "";
      for (InetSocketAddress address : addresses) {
        try (Socket socket = new Socket()) {
          socket.connect(resolved(address), CONNECT_MILLIS);
          return;
        } catch (IOException e) {
          reason = Reason.of(e);
        }
      }
      if (System.nanoTime() - started > TimeUnit.SECONDS.toNanos(seconds)) {
        throw new InvalidInputException(
            "no Spark master answers at %s (%s): start it, or correct --master"
                .formatted(master, reason));
      }
      if (!told) {
        LOG.info("no Spark master answers at {} yet ({}), trying again", master, reason);
      }
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return; // Spark ends by it
      }
    }
  }

  /** Each time anew: a name may be known a little later. */
  private static InetSocketAddress resolved(InetSocketAddress address) throws IOException {
    InetSocketAddress resolved = new InetSocketAddress(address.getHostString(), address.getPort());
    if (resolved.isUnresolved()) {
      throw new IOException("there is no host " + address.getHostString());
    }
    return resolved;
  }

  /** Of several masters, of which one leads: {@code spark://a:7077,b:7077}. */
  private static List<InetSocketAddress> addresses(String master) {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (String address : master.substring(SCHEME.length()).split(",", -1)) {
      int colon = address.lastIndexOf(':');
      try {
        int port = Integer.parseInt(address.substring(colon + 1));
        addresses.add(
            InetSocketAddress.createUnresolved(
                address.substring(0, colon).replaceAll("[\\[\\]]", ""), port));
      } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
        throw new InvalidInputException(
            "--master %s is no address of a cluster: give it as spark://HOST:PORT"
                .formatted(master),
            e);
      }
    }
    return addresses;
  }
}
