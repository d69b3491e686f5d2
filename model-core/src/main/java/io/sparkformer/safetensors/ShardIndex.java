package io.sparkformer.safetensors;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.WholeFile;
import java.io.CharConversionException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The index of a model's shards.
 *
 * @param file model.safetensors.index.json
 * @param shards the name of each tensor's file, by the tensor's name
 */
record ShardIndex(Path file, Map<String, String> shards) {

  private static final String WEIGHT_MAP = "weight_map";

  static ShardIndex read(FileSystem fileSystem, Path file) throws IOException {
    JsonNode json;
    try {
      json = HeaderJson.JSON.readTree(WholeFile.read(fileSystem, file));
    } catch (JsonProcessingException | CharConversionException e) {
      throw new InvalidInputException(
          String.format(
              "%s is not an index of shards (%s): copy the model again", file, Reason.of(e)),
          e);
    }
    Map<String, String> shards = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : json.path(WEIGHT_MAP).properties()) {
      String shard = entry.getValue().asText();
      require(
          entry.getValue().isTextual() && shard.matches("[^/:]*[^/:.]"),
          "%s: tensor '%s' is in %s, which is no name of a file beside it: copy the model again",
          file,
          entry.getKey(),
          entry.getValue());
      shards.put(entry.getKey(), shard);
    }
    require(
        !shards.isEmpty(),
        "%s has no %s, so it is not an index of shards: copy the model again",
        file,
        WEIGHT_MAP);
    return new ShardIndex(file, shards);
  }

  /** The tensors of all shards, by name. */
  Map<String, StoredTensor> tensors(FileSystem fileSystem) throws IOException {
    Map<String, StoredTensor> tensors = new TreeMap<>();
    for (String shard : new TreeSet<>(shards.values())) {
      Path path = new Path(file.getParent(), shard);
      require(
          fileSystem.exists(path),
          "%s names %s, which is missing: copy the model again, with all its shards",
          file,
          shard);
      for (StoredTensor tensor : SafeTensors.read(fileSystem, path).values()) {
        String named = shards.get(tensor.name());
        require(
            shard.equals(named),
            "%s holds tensor '%s', which is %s by %s: copy the model again, from one place",
            path,
            tensor.name(),
            named == null ? "in no shard" : "in " + named,
            file.getName());
        tensors.put(tensor.name(), tensor);
      }
    }
    for (Map.Entry<String, String> entry : shards.entrySet()) {
      require(
          tensors.containsKey(entry.getKey()),
          "%s names tensor '%s' in %s, which does not hold it: copy the model again",
          file,
          entry.getKey(),
          entry.getValue());
    }
    return tensors;
  }

  /** As JSON. */
  byte[] json(long totalBytes, long totalNumbers) throws IOException {
    ObjectNode json = HeaderJson.JSON.createObjectNode();
    json.putObject("metadata").put("total_parameters", totalNumbers).put("total_size", totalBytes);
    ObjectNode map = json.putObject(WEIGHT_MAP);
    new TreeMap<>(shards).forEach(map::put);
    return HeaderJson.JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
  }
}
