  def hidden(self: __torch__.Gpt, idx: Tensor, lengths: Tensor, p: List[Tensor]) -> Tensor:
    B, T, = torch.size(idx)
    w = self.cast(p)
    return torch.view(torch.to(self.final_norm(self.blocks(idx, lengths, p, w, 0., False), w), 6), [B, T, -1])
  def attention(self: __torch__.Gpt, idx: Tensor, lengths: Tensor, p: List[Tensor]) -> List[Tensor]:
    # weights [L, B, H, T, T], values and fused outputs [L, B, H, T, valueDim]
    B, T, = torch.size(idx)
    w = self.cast(p)
    x = self.embed(idx, 0, p, 0.)
    m = self.mask(lengths, B, T)
    seen = torch.unsqueeze(torch.unsqueeze(self.real(lengths, T), 1), 1)
    if self.causal:
      seen = torch.logical_and(seen, torch.tril(torch.ones([T, T], dtype=11, layout=0, device=idx.device)))
    else:
      pass
    unseen = torch.logical_not(seen)
    weights = annotate(List[Tensor], [])
    values = annotate(List[Tensor], [])
    outputs = annotate(List[Tensor], [])
    for l in range(self.num_layers):
      i = self.first_block + l * self.block_size
      q, k, v, = self.heads(x, B, T, w, i)
      scores = torch.mul(torch.matmul(torch.to(q, 6), torch.transpose(torch.to(k, 6), 2, 3)), torch.pow(float(self.head_dim), -0.5))
      _0 = torch.append(weights, torch.softmax(torch.masked_fill(scores, unseen, -float("inf")), -1))
      _1 = torch.append(values, torch.to(v, 6))
      y = torch.scaled_dot_product_attention(q, k, v, m, 0., self.causal)
      _2 = torch.append(outputs, torch.to(y, 6))
      x = self.after_attention(x, self.joined(y, B * T), w, i, 0.)
    return [torch.stack(weights), torch.stack(values), torch.stack(outputs)]
  def decode(self: __torch__.Gpt, idx: Tensor, position: int, cache: Tensor, p: List[Tensor]) -> Tensor:
    # tokens [B, T] that stand at position, keys and values [L, B, 2, H, contextLength, D] -> logits [B, K] of the last token
    B, T, = torch.size(idx)
    w = self.cast(p)
    x = self.embed(idx, position, p, 0.)
    added = torch.unbind(torch.slice(cache, 4, position, position + T))
    known = torch.unbind(torch.slice(cache, 4, 0, position + T))
    for l in range(self.num_layers):
      i = self.first_block + l * self.block_size
      if self.head_dim == self.value_dim:
        # [B, 3, H, T, D]; a small model's time goes into the number of calls, so keys and values stay together
        if self.ln_1 >= 0:
          h = self.norm(x, w, i + self.ln_1)
        else:
          h = x
        qkv = self.affine(h, w, i + self.c_attn, self.qkv_bias)
        qkv = torch.permute(torch.view(qkv, [B, T, 3, self.num_heads, -1]), [0, 2, 3, 1, 4])
        _0 = torch.copy_(added[l], torch.slice(qkv, 1, 1, 3))
        q = torch.select(qkv, 1, 0)
        k, v, = torch.unbind(known[l], 1)
      else:
        q, k0, v0, = self.heads(x, B, T, w, i)
        keys, values, = torch.unbind(added[l], 1)
        _1 = torch.copy_(torch.slice(keys, 3, 0, self.head_dim), k0)
        _2 = torch.copy_(torch.slice(values, 3, 0, self.value_dim), v0)
        k1, v1, = torch.unbind(known[l], 1)
        k = torch.slice(k1, 3, 0, self.head_dim)
        v = torch.slice(v1, 3, 0, self.value_dim)
      if self.bf16:
        k = torch.to(k, 15)  # the cache is float32
        v = torch.to(v, 15)
      else:
        pass
      y = torch.scaled_dot_product_attention(q, k, v, None, 0., T > 1)
      x = self.after_attention(x, self.joined(y, B * T), w, i, 0.)
    x = torch.select(torch.view(x, [B, T, -1]), 1, -1)
    return self.project(self.final_norm(x, w), w)
