package io.sparkformer.ml;

import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.predict.LanguageModel;
import io.sparkformer.predict.TextReader;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** How unlikely texts are to a language model. */
record PerplexityTask() implements LanguageTask {

  static final StructType TYPE =
      new StructType()
          .add("perplexity", DataTypes.DoubleType)
          .add("loss", DataTypes.DoubleType)
          .add("num_tokens", DataTypes.IntegerType)
          .add("error", DataTypes.StringType);

  @Override
  public TextReader reader(LanguageModel model) {
    return model.reader(Truncation.RIGHT);
  }

  @Override
  public List<Row> run(LanguageModel model, List<int[]> rows) {
    List<Double> losses = model.losses(rows);
    List<Row> results = new ArrayList<>(rows.size());
    for (int i = 0; i < rows.size(); i++) {
      int tokens = rows.get(i).length;
      double loss = losses.get(i) / (tokens - 1);
      if (tokens < 2) {
        results.add(failed("the text is one token: there is none to predict"));
      } else if (!Double.isFinite(loss)) {
        results.add(failed("the model's output is not finite"));
      } else {
        results.add(RowFactory.create(Math.exp(loss), loss, tokens, null));
      }
    }
    return results;
  }

  @Override
  public List<String> outcomes(Row result) {
    return List.of("predicted");
  }

  @Override
  public StructType type() {
    return TYPE;
  }
}
