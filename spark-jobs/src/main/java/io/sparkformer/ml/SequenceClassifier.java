package io.sparkformer.ml;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.jobs.output.ExistingOutput;
import io.sparkformer.jobs.tokenize.SplitMethod;
import io.sparkformer.jobs.tokenize.TokenizeOptions.EndOfText;
import java.util.List;
import java.util.OptionalLong;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;

/**
 * Trains a classifier of texts on a DataFrame, in its own session: {@code tokenize} and {@code
 * train} in one, with their options as params.
 *
 * <p>The DataFrame is read once. What comes of it is in {@link #outputPath}: {@code data}, the
 * token data set, and {@code run}, what train leaves, from whose {@code best} model the {@link
 * SequenceClassificationModel} is made. A fit that fails before training begins leaves nothing;
 * later, its checkpoints, with which train {@code --resume} goes on.
 *
 * <p>Ranks are a barrier stage, whose timer Spark never stops: an application on a {@code local}
 * master ends with {@code System.exit}. While it trains, no other job should run beside it.
 *
 * <p>Errors are {@link io.sparkformer.datasets.InvalidInputException}s where the user can mend
 * them; those of values that tokenize and train have options for name the options.
 */
public final class SequenceClassifier extends Estimator<SequenceClassificationModel>
    implements DefaultParamsWritable {

  private static final long serialVersionUID = 1L;

  private final String uid;

  private final Param<String> recipe;
  private final StringArrayParam settings;
  private final Param<String> tokenizer;
  private final BooleanParam endOfText;
  private final Param<String> inputCol;
  private final Param<String> labelCol;
  private final Param<String> outputCol;
  private final Param<String> outputPath;
  private final BooleanParam overwrite;
  private final Param<String> split;
  private final DoubleParam validFraction;
  private final LongParam seed;
  private final IntParam workers;

  public SequenceClassifier() {
    this(Identifiable$.MODULE$.randomUID("sequenceClassifier"));
  }

  public SequenceClassifier(String uid) {
    this.uid = uid; // which the params take over when they are made
    recipe = new Param<>(this, "recipe", "path of the recipe, a YAML file");
    settings = new StringArrayParam(this, "settings", "key=value each, in place of the recipe's");
    tokenizer = new Param<>(this, "tokenizer", "char, gpt2, cl100k_base, o200k_base or a path");
    endOfText = new BooleanParam(this, "endOfText", "whether texts end with the end-of-text token");
    inputCol = new Param<>(this, "inputCol", "column of texts");
    labelCol = new Param<>(this, "labelCol", "column of labels");
    outputCol = new Param<>(this, "outputCol", "column that the fitted model adds");
    outputPath =
        new Param<>(this, "outputPath", "directory for the data set, models, metrics and report");
    overwrite =
        new BooleanParam(this, "overwrite", "whether what a fit left in outputPath is replaced");
    split =
        new Param<>(this, "split", "how rows for validation are chosen: stratified, hash or tail");
    validFraction = new DoubleParam(this, "validFraction", "share of the rows for validation");
    seed = new LongParam(this, "seed", "of the split and of training, if it is set");
    workers = new IntParam(this, "workers", "ranks, one an executor");
    setDefault(settings, new String[0]);
    setDefault(tokenizer, "gpt2");
    setDefault(endOfText, true);
    setDefault(inputCol, "text");
    setDefault(labelCol, "label");
    setDefault(outputCol, "prediction");
    setDefault(overwrite, false);
    setDefault(split, "stratified");
    setDefault(validFraction, 0.1);
    setDefault(workers, 1);
  }

  /**
   * Loads what {@code write} has saved.
   *
   * <p>Pipelines that were saved when the fitted model bore this class's name load it by this, too.
   */
  @SuppressWarnings("unchecked") // Pipelines, which alone get a model by it, ask for any stage.
  public static MLReader<SequenceClassifier> read() {
    return (MLReader<SequenceClassifier>) (MLReader<?>) new SavedClassifier();
  }

  /**
   * Loads what {@code save} has saved.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if that is a fitted model
   */
  public static SequenceClassifier load(String path) {
    PipelineStage saved = new SavedClassifier().load(path);
    require(
        saved instanceof SequenceClassifier,
        "%s holds a fitted model: load it with SequenceClassificationModel.load",
        path);
    return (SequenceClassifier) saved;
  }

  /**
   * Trains.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if a param, a column, the recipe, the
   *     output or a setting of the session does not allow it
   */
  @Override
  public SequenceClassificationModel fit(Dataset<?> dataset) {
    transformSchema(dataset.schema());
    String model = new ClassifierTraining(options()).run(dataset);
    return copyValues(classifier().setModelPath(model).setParent(this), ParamMap.empty());
  }

  private ClassifierTraining.Options options() {
    return new ClassifierTraining.Options(
        required(recipe, "give the path of a YAML file"),
        List.of(getOrDefault(settings)),
        getOrDefault(tokenizer),
        isSet(endOfText, EndOfText.APPENDED, EndOfText.NONE),
        getOrDefault(inputCol),
        getOrDefault(labelCol),
        required(outputPath, "give the directory for the data set, models and metrics"),
        isSet(overwrite, ExistingOutput.REPLACE, ExistingOutput.REFUSE),
        SplitMethod.of(getOrDefault(split)),
        number(validFraction).doubleValue(),
        isDefined(seed) ? OptionalLong.of(number(seed).longValue()) : OptionalLong.empty(),
        number(workers).intValue());
  }

  private String required(Param<String> param, String remedy) {
    require(
        isDefined(param) && !getOrDefault(param).isBlank(),
        "%s is not set: %s",
        param.name(),
        remedy);
    return getOrDefault(param);
  }

  private <T> T isSet(BooleanParam param, T yes, T no) {
    return getOrDefault(param).equals(true) ? yes : no;
  }

  /** Scala's params of primitives are objects to Java. */
  private Number number(Param<?> param) {
    return (Number) getOrDefault(param);
  }

  private SequenceClassificationModel classifier() {
    return new SequenceClassificationModel()
        .setInputCol(getOrDefault(inputCol))
        .setOutputCol(getOrDefault(outputCol));
  }

  @Override
  public StructType transformSchema(StructType schema) {
    ClassifierTraining.requireColumns(schema, getOrDefault(inputCol), getOrDefault(labelCol));
    return classifier().transformSchema(schema);
  }

  @Override
  public SequenceClassifier copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  @Override
  public String uid() {
    return uid;
  }

  public Param<String> recipe() {
    return recipe;
  }

  public SequenceClassifier setRecipe(String value) {
    set(recipe, value);
    return this;
  }

  public StringArrayParam settings() {
    return settings;
  }

  public SequenceClassifier setSettings(String... value) {
    set(settings, value.clone());
    return this;
  }

  public Param<String> tokenizer() {
    return tokenizer;
  }

  public SequenceClassifier setTokenizer(String value) {
    set(tokenizer, value);
    return this;
  }

  public BooleanParam endOfText() {
    return endOfText;
  }

  public SequenceClassifier setEndOfText(boolean value) {
    set(endOfText, value);
    return this;
  }

  public Param<String> inputCol() {
    return inputCol;
  }

  public SequenceClassifier setInputCol(String value) {
    set(inputCol, value);
    return this;
  }

  /** Strings, booleans, integers or whole doubles. */
  public Param<String> labelCol() {
    return labelCol;
  }

  public SequenceClassifier setLabelCol(String value) {
    set(labelCol, value);
    return this;
  }

  public Param<String> outputCol() {
    return outputCol;
  }

  public SequenceClassifier setOutputCol(String value) {
    set(outputCol, value);
    return this;
  }

  public Param<String> outputPath() {
    return outputPath;
  }

  public SequenceClassifier setOutputPath(String value) {
    set(outputPath, value);
    return this;
  }

  public BooleanParam overwrite() {
    return overwrite;
  }

  public SequenceClassifier setOverwrite(boolean value) {
    set(overwrite, value);
    return this;
  }

  public Param<String> split() {
    return split;
  }

  public SequenceClassifier setSplit(String value) {
    set(split, value);
    return this;
  }

  public DoubleParam validFraction() {
    return validFraction;
  }

  public SequenceClassifier setValidFraction(double value) {
    set(validFraction, value);
    return this;
  }

  public LongParam seed() {
    return seed;
  }

  public SequenceClassifier setSeed(long value) {
    set(seed, value);
    return this;
  }

  public IntParam workers() {
    return workers;
  }

  public SequenceClassifier setWorkers(int value) {
    set(workers, value);
    return this;
  }
}
