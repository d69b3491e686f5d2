package io.sparkformer.ml;

import io.sparkformer.predict.LanguageModel;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.types.StructType;

/**
 * Says how unlikely texts are to a language model: adds a struct of {@code perplexity}, {@code
 * loss} (the mean of a token's, in nats), {@code num_tokens} (that the model read: of a long text
 * the first of the context's length) and {@code error}.
 */
public final class TextPerplexity extends TextModel<TextPerplexity> {

  private static final long serialVersionUID = 1;

  /** A model whose path is to be set. */
  public TextPerplexity() {
    this(Identifiable$.MODULE$.randomUID("TextPerplexity"));
  }

  public TextPerplexity(String uid) {
    super(uid, "text", "perplexity");
  }

  @Override
  TextTask<?> task(String path, Configuration hadoop) throws IOException {
    LanguageModel.check(path, hadoop);
    return new PerplexityTask();
  }

  @Override
  StructType resultType() {
    return PerplexityTask.TYPE;
  }

  /** Loads what was saved. */
  public static MLReader<TextPerplexity> read() {
    return new SavedTextModel.Reader<>(TextPerplexity.class, TextPerplexity::new);
  }

  /** Loads what was saved. */
  public static TextPerplexity load(String path) {
    return read().load(path);
  }
}
