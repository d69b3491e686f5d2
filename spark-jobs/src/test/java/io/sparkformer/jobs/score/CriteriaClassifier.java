package io.sparkformer.jobs.score;

import ai.djl.ModelException;
import ai.djl.huggingface.translator.TextClassificationTranslatorFactory;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What DJL's Spark extension does for texts, by the same calls of DJL and with its parameters:
 * {@code Criteria} with DJL's own translator, a model for each task, a batch at a time. Public, as
 * Spark ML calls the methods that name parameters.
 */
public final class CriteriaClassifier extends Transformer {

  private static final StructType OUTPUT =
      new StructType()
          .add("class_names", DataTypes.createArrayType(DataTypes.StringType))
          .add("probabilities", DataTypes.createArrayType(DataTypes.DoubleType))
          .add("top_k", DataTypes.createArrayType(DataTypes.StringType));

  private final Param<String> inputCol = new Param<>(this, "inputCol", "texts");
  private final Param<String> outputCol = new Param<>(this, "outputCol", "what is added");
  private final Param<String> engine = new Param<>(this, "engine", "of DJL");
  private final Param<String> modelUrl = new Param<>(this, "modelUrl", "where the model is");
  private final IntParam batchSize = new IntParam(this, "batchSize", "rows");
  private final Param<Object> topK = new Param<>(this, "topK", "classes");

  public Param<String> inputCol() {
    return inputCol;
  }

  public Param<String> outputCol() {
    return outputCol;
  }

  public Param<String> engine() {
    return engine;
  }

  public Param<String> modelUrl() {
    return modelUrl;
  }

  public IntParam batchSize() {
    return batchSize;
  }

  public Param<Object> topK() {
    return topK;
  }

  @Override
  public String uid() {
    return "criteria";
  }

  @Override
  public Transformer copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  @Override
  public StructType transformSchema(StructType schema) {
    return schema.add(get(outputCol).get(), OUTPUT);
  }

  @Override
  public Dataset<Row> transform(Dataset<?> dataset) {
    Settings settings =
        new Settings(
            get(modelUrl).get(),
            get(engine).get(),
            dataset.schema().fieldIndex(get(inputCol).get()),
            (int) get(batchSize).get(),
            (int) get(topK).get());
    MapPartitionsFunction<Row, Row> classify = rows -> classified(rows, settings);
    return dataset.toDF().mapPartitions(classify, Encoders.row(transformSchema(dataset.schema())));
  }

  private record Settings(String url, String engine, int input, int batchSize, int topK)
      implements java.io.Serializable {}

  private static Iterator<Row> classified(Iterator<Row> rows, Settings settings)
      throws IOException, ModelException, TranslateException {
    Criteria<String, Classifications> criteria =
        Criteria.builder()
            .setTypes(String.class, Classifications.class)
            .optModelUrls(settings.url())
            .optEngine(settings.engine())
            .optTranslatorFactory(new TextClassificationTranslatorFactory())
            .optArgument("topK", Integer.toString(settings.topK()))
            .build();
    List<Row> all = new ArrayList<>();
    try (ZooModel<String, Classifications> model = criteria.loadModel();
        Predictor<String, Classifications> predictor = model.newPredictor()) {
      while (rows.hasNext()) {
        List<Row> batch = new ArrayList<>();
        while (rows.hasNext() && batch.size() < settings.batchSize()) {
          batch.add(rows.next());
        }
        List<String> texts = batch.stream().map(row -> row.getString(settings.input())).toList();
        List<Classifications> results = predictor.batchPredict(texts);
        for (int i = 0; i < batch.size(); i++) {
          all.add(with(batch.get(i), results.get(i), settings.topK()));
        }
      }
    }
    return all.iterator();
  }

  private static Row with(Row row, Classifications result, int topK) {
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < row.length(); i++) {
      values.add(row.get(i));
    }
    values.add(
        RowFactory.create(
            result.getClassNames().toArray(),
            result.getProbabilities().toArray(),
            result.topK(topK).stream().map(Object::toString).toArray()));
    return RowFactory.create(values.toArray());
  }
}
