package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import java.io.Serializable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** A tokenizer that is built once in each JVM of an application. */
final class ExecutorTokenizer implements Serializable {

  private static final Object LOCK = new Object();
  private static Tokenizer latest;

  private final String fingerprint;
  private final Broadcast<byte[]> json;

  private ExecutorTokenizer(String fingerprint, Broadcast<byte[]> json) {
    this.fingerprint = fingerprint;
    this.json = json;
  }

  static ExecutorTokenizer of(Tokenizer tokenizer, JavaSparkContext spark) {
    return new ExecutorTokenizer(tokenizer.fingerprint(), spark.broadcast(tokenizer.json()));
  }

  Tokenizer tokenizer() {
    synchronized (LOCK) {
      if (latest == null || !latest.fingerprint().equals(fingerprint)) {
        latest = Tokenizers.ofJson(json.value(), Tokenizer.FILE_NAME);
      }
      return latest;
    }
  }
}
