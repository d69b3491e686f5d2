package io.sparkformer.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

/** A standalone master that is there, is not there, or has no address. */
class StandaloneMasterTest {

  @Test
  void oneThatIsNotThereIsNamedWithTheReason() throws IOException {
    int port;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = server.getLocalPort();
    }

    assertThatThrownBy(() -> StandaloneMaster.await("spark://127.0.0.1:" + port, 1))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "no Spark master answers at spark://127.0.0.1:%d (Connection refused): start it, or"
                + " correct --master",
            port);
  }

  @Test
  void aHostThatDoesNotExistIsNamed() {
    assertThatThrownBy(() -> StandaloneMaster.await("spark://nowhere.invalid:7077", 0))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "no Spark master answers at spark://nowhere.invalid:7077 (there is no host"
                + " nowhere.invalid): start it, or correct --master");
  }

  @Test
  void oneOfSeveralThatIsThereIsEnough() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String masters = "spark://127.0.0.1:1,127.0.0.1:" + server.getLocalPort();

      assertThatCode(() -> StandaloneMaster.await(masters, 0)).doesNotThrowAnyException();
    }
  }

  @Test
  void whatIsNoAddressIsRefusedAndOtherMastersAreNotAsked() {
    for (String master : new String[] {"spark://", "spark://host", "spark://host:port"}) {
      assertThatThrownBy(() -> StandaloneMaster.await(master, 0))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage(
              "--master %s is no address of a cluster: give it as spark://HOST:PORT", master);
    }
    for (String master : new String[] {"local[*]", "yarn", "k8s://https://127.0.0.1:1"}) {
      assertThatCode(() -> StandaloneMaster.await(master, 0)).doesNotThrowAnyException();
    }
  }
}
