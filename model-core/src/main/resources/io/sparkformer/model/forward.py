  def norm(self: __torch__.Gpt, x: Tensor, p: List[Tensor], i: int) -> Tensor:
    if self.bias:
      y = torch.layer_norm(x, [torch.size(x, 1)], p[i], p[i + 1], self.epsilon)
    else:
      y = torch.layer_norm(x, [torch.size(x, 1)], p[i], None, self.epsilon)
    return y
  def affine(self: __torch__.Gpt, x: Tensor, p: List[Tensor], i: int, bias: bool) -> Tensor:
    if bias:
      y = torch.addmm(p[i + 1], x, p[i])
    else:
      y = torch.mm(x, p[i])
    return y
  def drop(self: __torch__.Gpt, x: Tensor, dropout: float) -> Tensor:
    if dropout > 0.:
      y = torch.dropout(x, dropout, True)
    else:
      y = x
    return y
  def cast(self: __torch__.Gpt, p: List[Tensor]) -> List[Tensor]:
    if self.bf16:
      w = annotate(List[Tensor], [])
      for t in p:
        _0 = torch.append(w, torch.to(t, 15))
    else:
      w = p
    return w
  def embed(self: __torch__.Gpt, idx: Tensor, position: int, p: List[Tensor], dropout: float) -> Tensor:
    # [B, T] -> [B * T, C]
    B, T, = torch.size(idx)
    x = torch.embedding(p[0], idx)
    if self.positions:
      x = torch.add(x, torch.slice(p[1], 0, position, position + T))
    else:
      pass
    x = self.drop(torch.reshape(x, [B * T, -1]), dropout)
    if self.bf16:
      x = torch.to(x, 15)
    else:
      pass
    return x
  def real(self: __torch__.Gpt, lengths: Tensor, T: int) -> Tensor:
    # [B] -> bool [B, T], true where a token is real
    return torch.lt(torch.arange(T, dtype=4, layout=0, device=lengths.device), torch.unsqueeze(lengths, 1))
  def mask(self: __torch__.Gpt, lengths: Tensor, B: int, T: int) -> Optional[Tensor]:
    # under a causal mask padding, on the right, comes after all that is real
    m = annotate(Optional[Tensor], None)
    if self.causal:
      pass
    else:
      if int(torch.sum(lengths)) < B * T:
        m = torch.view(self.real(lengths, T), [B, 1, 1, T])
      else:
        pass
    return m
  def heads(self: __torch__.Gpt, x: Tensor, B: int, T: int, w: List[Tensor], i: int) -> Tuple[Tensor, Tensor, Tensor]:
    # [B * T, C] -> [B, H, T, D], [B, H, T, D], [B, H, T, valueDim]
    if self.ln_1 >= 0:
      h = self.norm(x, w, i + self.ln_1)
    else:
      h = x
    a = self.num_heads * self.head_dim
    qkv = torch.view(self.affine(h, w, i + self.c_attn, self.qkv_bias), [B, T, -1])
    q, k, v, = torch.split_with_sizes(qkv, [a, a, self.num_heads * self.value_dim], 2)
    shape = [B, T, self.num_heads, -1]
    return (torch.transpose(torch.view(q, shape), 1, 2), torch.transpose(torch.view(k, shape), 1, 2), torch.transpose(torch.view(v, shape), 1, 2))
  def joined(self: __torch__.Gpt, y: Tensor, rows: int) -> Tensor:
    # [B, H, T, valueDim] -> [B * T, H * valueDim]
    return torch.reshape(torch.transpose(y, 1, 2), [rows, self.num_heads * self.value_dim])
  def after_attention(self: __torch__.Gpt, x: Tensor, y: Tensor, w: List[Tensor], i: int, dropout: float) -> Tensor:
    # stream x [N, C], attention's output y [N, H * valueDim] -> [N, C]
    if self.c_proj >= 0:
      y = self.affine(y, w, i + self.c_proj, self.bias)
    else:
      pass
    y = self.drop(y, dropout)
    if self.residual:
      x = torch.add(x, y)
    else:
      x = y
    if self.c_fc >= 0:
      x = self.feed_forward(x, w, i, dropout)
    else:
      pass
    return x
  def feed_forward(self: __torch__.Gpt, x: Tensor, w: List[Tensor], i: int, dropout: float) -> Tensor:
    if self.ln_2 >= 0:
      h = self.norm(x, w, i + self.ln_2)
    else:
      h = x
    h = self.affine(h, w, i + self.c_fc, self.bias)
    if self.activation == "relu":
      h = torch.relu(h)
    else:
      h = torch.gelu(h, approximate=self.activation)
    if self.c_out >= 0:
      h = self.affine(h, w, i + self.c_out, self.bias)
    else:
      pass
    h = self.drop(h, dropout)
    if self.residual:
      h = torch.add(x, h)
    else:
      pass
    return h
  def final_norm(self: __torch__.Gpt, x: Tensor, w: List[Tensor]) -> Tensor:
    if self.ln_f >= 0:
      y = self.norm(x, w, self.ln_f)
    else:
      y = x
    return y
  def blocks(self: __torch__.Gpt, idx: Tensor, lengths: Tensor, p: List[Tensor], w: List[Tensor], dropout: float, last_alone: bool) -> Tensor:
    # [B, T] -> [B * T, C], or [B, C] if each row's last real token is all that is wanted
    B, T, = torch.size(idx)
    x = self.embed(idx, 0, p, dropout)
    m = self.mask(lengths, B, T)
    if last_alone:
      last = torch.sub(torch.add(torch.mul(torch.arange(B, dtype=4, layout=0, device=lengths.device), T), lengths), 1)
    else:
      last = lengths
    for l in range(self.num_layers):
      i = self.first_block + l * self.block_size
      q, k, v, = self.heads(x, B, T, w, i)
      y = self.joined(torch.scaled_dot_product_attention(q, k, v, m, dropout, self.causal), B * T)
      if last_alone:
        if l == self.num_layers - 1:
          # what comes after attention looks at no other position
          x = torch.index_select(x, 0, last)
          y = torch.index_select(y, 0, last)
        else:
          pass
      else:
        pass
      x = self.after_attention(x, y, w, i, dropout)
    if last_alone:
      if self.num_layers == 0:
        x = torch.index_select(x, 0, last)
      else:
        pass
    else:
      pass
    return x
  def project(self: __torch__.Gpt, h: Tensor, w: List[Tensor]) -> Tensor:
    # [N, C] -> [N, K], float32
    if self.dense >= 0:
      h = torch.relu(self.norm(self.affine(h, w, self.dense, self.head_bias), w, self.dense_norm))
    else:
      pass
    if self.head >= 0:
      if self.head_bias:
        y = torch.linear(h, w[self.head], w[self.head + 1])
      else:
        y = torch.linear(h, w[self.head])
    else:
      y = h
    if self.bf16:
      y = torch.to(y, 6)
    else:
      pass
    return y
  def outputs(self: __torch__.Gpt, idx: Tensor, lengths: Tensor, p: List[Tensor], dropout: float) -> Tensor:
    # [B, T] -> [N, K]
    B, T, = torch.size(idx)
    w = self.cast(p)
    h = self.final_norm(self.blocks(idx, lengths, p, w, dropout, self.pooling == "last"), w)
    if self.pooling == "mean":
      real = torch.unsqueeze(torch.type_as(self.real(lengths, T), h), 2)
      h = torch.sum(torch.mul(torch.view(h, [B, T, -1]), real), [1])
      h = torch.div(h, torch.unsqueeze(torch.type_as(lengths, h), 1))
    else:
      pass
    return self.project(h, w)
  def logits(self: __torch__.Gpt, idx: Tensor, lengths: Tensor, p: List[Tensor]) -> Tensor:
    B, T, = torch.size(idx)
    y = self.outputs(idx, lengths, p, 0.)
    if self.pooling == "none":
      y = torch.view(y, [B, T, -1])
    else:
      pass
    return y
