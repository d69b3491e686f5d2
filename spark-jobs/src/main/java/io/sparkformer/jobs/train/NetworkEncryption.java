package io.sparkformer.jobs.train;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkConf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether Spark's connections are encrypted, over which an attempt's secret goes to the executors:
 * it is a part of the task that Spark broadcasts.
 */
final class NetworkEncryption {

  private static final Logger LOG = LoggerFactory.getLogger(NetworkEncryption.class);
  private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

  private NetworkEncryption() {}

  /** Warns, once per application, if the secret would leave the machine in the clear. */
  static void warnOnce(String applicationId, SparkConf conf) {
    warning(conf).filter(warning -> WARNED.add(applicationId)).ifPresent(LOG::warn);
  }

  /** What to say of an application's settings. */
  static Optional<String> warning(SparkConf conf) {
    if (staysOnThisMachine(conf) || encrypts(conf)) {
      return Optional.empty();
    }
    return Optional.of(
        "the secret by which ranks know each other leaves the driver unencrypted, so whoever reads this network could"
            + " join the run: set spark.authenticate=true and spark.network.crypto.enabled=true, or keep others out of"
            + " the network");
  }

  private static boolean staysOnThisMachine(SparkConf conf) {
    String host = conf.get("spark.driver.host", "");
    return conf.get("spark.master", "").startsWith("local")
        || host.equals("localhost")
        || host.startsWith("127.")
        || host.equals("[::1]")
        || host.equals("::1");
  }

  /** Spark encrypts nothing between those that have not authenticated, whatever else is set. */
  private static boolean encrypts(SparkConf conf) {
    return conf.getBoolean("spark.authenticate", false)
        && (conf.getBoolean("spark.network.crypto.enabled", false)
            || conf.getBoolean("spark.authenticate.enableSaslEncryption", false));
  }
}
