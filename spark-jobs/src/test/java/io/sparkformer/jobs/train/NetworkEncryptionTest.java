package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

class NetworkEncryptionTest {

  private static final String WARNING =
      "the secret by which ranks know each other leaves the driver unencrypted, so whoever reads this network could"
          + " join the run: set spark.authenticate=true and spark.network.crypto.enabled=true, or keep others out of"
          + " the network";

  private static SparkConf conf(String master, String host, String... settings) {
    SparkConf conf =
        new SparkConf(false).set("spark.master", master).set("spark.driver.host", host);
    for (String setting : settings) {
      conf.set(setting, "true");
    }
    return conf;
  }

  @Test
  void aSecretThatLeavesTheMachineInTheClearIsWarnedOf() {
    for (String master : List.of("yarn", "spark://head:7077", "k8s://https://host:6443")) {
      assertThat(NetworkEncryption.warning(conf(master, "10.0.0.7"))).contains(WARNING);
    }
    assertThat(NetworkEncryption.warning(conf("yarn", "head", "spark.authenticate")))
        .as("authentication encrypts nothing")
        .contains(WARNING);
    assertThat(NetworkEncryption.warning(conf("yarn", "head", "spark.network.crypto.enabled")))
        .as("without authentication Spark encrypts nothing")
        .contains(WARNING);
  }

  @Test
  void encryptedConnectionsAndLocalOnesAreNot() {
    for (String encryption :
        List.of("spark.network.crypto.enabled", "spark.authenticate.enableSaslEncryption")) {
      assertThat(NetworkEncryption.warning(conf("yarn", "head", "spark.authenticate", encryption)))
          .isEmpty();
    }
    assertThat(NetworkEncryption.warning(conf("local[2]", "10.0.0.7"))).isEmpty();
    assertThat(NetworkEncryption.warning(conf("local-cluster[2,1,1024]", "10.0.0.7"))).isEmpty();
    for (String loopback : List.of("127.0.0.1", "127.1.2.3", "localhost", "[::1]")) {
      assertThat(NetworkEncryption.warning(conf("spark://here:7077", loopback))).isEmpty();
    }
  }

  @Test
  void anApplicationWarnsOnce() {
    Messages messages = new Messages();
    Logger logger = (Logger) LogManager.getLogger(NetworkEncryption.class);
    messages.start();
    logger.addAppender(messages);
    try {
      NetworkEncryption.warnOnce("application-1", conf("yarn", "head"));
      NetworkEncryption.warnOnce("application-1", conf("yarn", "head"));
      NetworkEncryption.warnOnce("application-2", conf("local", "head"));
      assertThat(messages.all).containsExactly(WARNING);
      NetworkEncryption.warnOnce("application-2", conf("yarn", "head"));
    } finally {
      logger.removeAppender(messages);
    }
    assertThat(messages.all).containsExactly(WARNING, WARNING);
  }

  private static final class Messages extends AbstractAppender {
    private final List<String> all = new ArrayList<>();

    Messages() {
      super("messages", null, null, true, Property.EMPTY_ARRAY);
    }

    @Override
    public void append(LogEvent event) {
      all.add(event.getMessage().getFormattedMessage());
    }
  }
}
