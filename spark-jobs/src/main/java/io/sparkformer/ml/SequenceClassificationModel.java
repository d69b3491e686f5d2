package io.sparkformer.ml;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.model.ProblemType;
import io.sparkformer.predict.Classes;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.Trust;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.types.StructType;

/**
 * Classifies texts, as sentiment is: adds a struct of {@code class_names}, {@code probabilities}
 * and {@code top_k}, the likeliest class first, and {@code label}, {@code score}, {@code labels}
 * (those that hold), {@code num_tokens} (that the model read) and {@code error}.
 */
public final class SequenceClassificationModel extends TextModel<SequenceClassificationModel> {

  private static final long serialVersionUID = 1;

  private static final int TOP_K = 5;
  private static final double THRESHOLD = 0.5;

  private final IntParam topK;
  private final DoubleParam threshold;
  private final Param<String> truncation;
  private final BooleanParam trustModel;

  /** A classifier whose model path is to be set. */
  public SequenceClassificationModel() {
    this(Identifiable$.MODULE$.randomUID("SequenceClassificationModel"));
  }

  public SequenceClassificationModel(String uid) {
    super(uid, "text", "prediction");
    topK = new IntParam(this, "topK", "classes in the field top_k");
    threshold =
        new DoubleParam(
            this,
            "threshold",
            "of a model of several labels: the probability above which one holds");
    truncation =
        new Param<>(
            this, "truncation", "where long texts are cut: as the model was trained, right, left");
    trustModel =
        new BooleanParam(
            this,
            "trustModel",
            "whether a TorchScript module is run that this program did not write");
    setDefault(topK, TOP_K);
    setDefault(threshold, THRESHOLD);
    setDefault(truncation, "model");
    setDefault(trustModel, (Object) false);
  }

  public IntParam topK() {
    return topK;
  }

  public DoubleParam threshold() {
    return threshold;
  }

  public Param<String> truncation() {
    return truncation;
  }

  public BooleanParam trustModel() {
    return trustModel;
  }

  /** A TorchScript module is a program, which can do all that its user can. */
  public SequenceClassificationModel setTrustModel(boolean trusted) {
    return with(trustModel, (Object) trusted);
  }

  public SequenceClassificationModel setTopK(int classes) {
    return with(topK, (Object) classes);
  }

  /** Above 0 and below 1; only for a model whose texts may have any number of labels. */
  public SequenceClassificationModel setThreshold(double probability) {
    return with(threshold, (Object) probability);
  }

  /** {@code model}, {@code right} or {@code left}. */
  public SequenceClassificationModel setTruncation(String side) {
    return with(truncation, side);
  }

  /**
   * Checks params and model, before there is a table.
   *
   * @return what the model can say
   * @throws InvalidInputException if the model is none, no classifier of texts, or the params do
   *     not fit it
   */
  public Classes check(Configuration hadoop) throws IOException {
    requireModelPath();
    return check(getOrDefault(modelPath()), hadoop);
  }

  private Classes check(String path, Configuration hadoop) throws IOException {
    require(number(topK) > 0, "topK (--top-k) is %d: it must be at least 1", number(topK));
    side();
    require(
        0 < probability() && probability() < 1,
        "threshold (--threshold) is %s: it must be above 0 and below 1",
        probability());
    Classes classes = SequenceModel.check(path, hadoop, trust());
    require(
        classes.problem() == ProblemType.MULTI_LABEL_CLASSIFICATION || !isSet(threshold),
        "threshold (--threshold) is %s, but the problem_type of %s is %s, which has none: leave it away",
        probability(),
        path,
        classes.problem().key());
    return classes;
  }

  /**
   * Checks what DJL itself would run of the model's directory.
   *
   * @throws InvalidInputException if it is not trusted
   */
  public void checkForDjl(Configuration hadoop) throws IOException {
    SequenceModel.checkForDjl(getOrDefault(modelPath()), hadoop, trust());
  }

  private Trust trust() {
    return (Boolean) getOrDefault(trustModel) ? Trust.ANYBODY : Trust.OURS;
  }

  private double probability() {
    return (Double) getOrDefault(threshold);
  }

  @Override
  TextTask<?> task(String path, Configuration hadoop) throws IOException {
    check(path, hadoop);
    return new ClassifyTask(number(topK), side(), probability(), trust());
  }

  private Truncation side() {
    String side = getOrDefault(truncation);
    return switch (side) {
      case "model" -> null;
      case "right" -> Truncation.RIGHT;
      case "left" -> Truncation.LEFT;
      default ->
          throw new InvalidInputException("truncation is '" + side + "': use model, right or left");
    };
  }

  @Override
  StructType resultType() {
    return ClassifyTask.TYPE;
  }

  /** Loads what was saved, also when this class was called {@link SequenceClassifier}. */
  public static MLReader<SequenceClassificationModel> read() {
    return new SavedTextModel.Reader<>(
        SequenceClassificationModel.class,
        SequenceClassifier.class.getName(),
        SequenceClassificationModel::new);
  }

  /** Loads what was saved. */
  public static SequenceClassificationModel load(String path) {
    return read().load(path);
  }
}
