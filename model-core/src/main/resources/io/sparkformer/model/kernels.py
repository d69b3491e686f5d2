class Kernels(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  num_layers : int
  num_heads : int
  head_dim : int
  value_dim : int
  causal : bool
  positions : bool
  residual : bool
  bias : bool
  qkv_bias : bool
  head_bias : bool
  pooling : str
  bf16 : bool
  activation : str
  epsilon : float
  dropout : float
  label_smoothing : float
  frozen : str
  first_block : int
  block_size : int
  ln_1 : int
  c_attn : int
  c_proj : int
  ln_2 : int
  c_fc : int
  c_out : int
  ln_f : int
  dense : int
  dense_norm : int
  head : int
  def norm(self: __torch__.Kernels, x: Tensor, p: List[Tensor], i: int) -> Tensor:
    if self.bias:
      y = torch.layer_norm(x, [torch.size(x, 1)], p[i], p[i + 1], self.epsilon)
    else:
      y = torch.layer_norm(x, [torch.size(x, 1)], p[i], None, self.epsilon)
    return y
  def affine(self: __torch__.Kernels, x: Tensor, p: List[Tensor], i: int, bias: bool) -> Tensor:
    if bias:
      y = torch.addmm(p[i + 1], x, p[i])
    else:
      y = torch.mm(x, p[i])
    return y
  def drop(self: __torch__.Kernels, x: Tensor, dropout: float) -> Tensor:
    if dropout > 0.:
      y = torch.dropout(x, dropout, True)
    else:
      y = x
    return y
  def cast(self: __torch__.Kernels, p: List[Tensor]) -> List[Tensor]:
    if self.bf16:
      w = annotate(List[Tensor], [])
      for t in p:
        _0 = torch.append(w, torch.to(t, 15))
    else:
      w = p
    return w
  def embed(self: __torch__.Kernels, idx: Tensor, position: int, p: List[Tensor], dropout: float) -> Tensor:
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
  def real(self: __torch__.Kernels, lengths: Tensor, T: int) -> Tensor:
    # [B] -> bool [B, T], true where a token is real
    return torch.lt(torch.arange(T, dtype=4, layout=0, device=lengths.device), torch.unsqueeze(lengths, 1))
  def mask(self: __torch__.Kernels, lengths: Tensor, B: int, T: int) -> Optional[Tensor]:
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
  def heads(self: __torch__.Kernels, x: Tensor, B: int, T: int, w: List[Tensor], i: int) -> Tuple[Tensor, Tensor, Tensor]:
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
  def joined(self: __torch__.Kernels, y: Tensor, rows: int) -> Tensor:
    # [B, H, T, valueDim] -> [B * T, H * valueDim]
    return torch.reshape(torch.transpose(y, 1, 2), [rows, self.num_heads * self.value_dim])
  def after_attention(self: __torch__.Kernels, x: Tensor, y: Tensor, w: List[Tensor], i: int, dropout: float) -> Tensor:
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
  def feed_forward(self: __torch__.Kernels, x: Tensor, w: List[Tensor], i: int, dropout: float) -> Tensor:
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
  def final_norm(self: __torch__.Kernels, x: Tensor, w: List[Tensor]) -> Tensor:
    if self.ln_f >= 0:
      y = self.norm(x, w, self.ln_f)
    else:
      y = x
    return y
  def blocks(self: __torch__.Kernels, idx: Tensor, lengths: Tensor, p: List[Tensor], w: List[Tensor], dropout: float, last_alone: bool) -> Tensor:
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
  def project(self: __torch__.Kernels, h: Tensor, w: List[Tensor]) -> Tensor:
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
  def outputs(self: __torch__.Kernels, idx: Tensor, lengths: Tensor, p: List[Tensor], dropout: float) -> Tensor:
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
  def hidden(self: __torch__.Kernels, idx: Tensor, lengths: Tensor, p: List[Tensor]) -> Tensor:
    B, T, = torch.size(idx)
    w = self.cast(p)
    return torch.view(torch.to(self.final_norm(self.blocks(idx, lengths, p, w, 0., False), w), 6), [B, T, -1])
  def logits(self: __torch__.Kernels, idx: Tensor, lengths: Tensor, p: List[Tensor]) -> Tensor:
    B, T, = torch.size(idx)
    y = self.outputs(idx, lengths, p, 0.)
    if self.pooling == "none":
      y = torch.view(y, [B, T, -1])
    else:
      pass
    return y
  def evaluate(self: __torch__.Kernels, idx: Tensor, targets: Tensor, lengths: Tensor, p: List[Tensor]) -> Tensor:
    # [the sum of losses, the predicted class of each]
    y = self.outputs(idx, lengths, p, 0.)
    loss = torch.cross_entropy_loss(y, torch.reshape(targets, [-1]), None, 2, -100, 0.)
    return torch.cat([torch.reshape(loss, [1]), torch.to(torch.argmax(y, 1), 6)])
  def gradients(self: __torch__.Kernels, idx: Tensor, targets: Tensor, lengths: Tensor, class_weights: Tensor, p: List[Tensor]) -> List[Tensor]:
    # [sum of losses, gradient of p[0], gradient of p[1], ...]
    all = annotate(List[Tensor], [])
    leaves = annotate(List[Tensor], [])
    for i in range(torch.len(p)):
      if self.frozen[i] == "f":
        _0 = torch.append(all, torch.detach(p[i]))
      else:
        leaf = torch.requires_grad_(torch.detach(p[i]))
        _1 = torch.append(all, leaf)
        _2 = torch.append(leaves, leaf)
    y = self.outputs(idx, lengths, all, self.dropout)
    weights = annotate(Optional[Tensor], None)
    if torch.size(class_weights, 0) > 0:
      weights = class_weights
    else:
      pass
    loss = torch.cross_entropy_loss(y, torch.reshape(targets, [-1]), weights, 2, -100, self.label_smoothing)
    out = [torch.detach(loss)]
    gradients = torch.grad([loss], leaves)
    g = 0
    for i0 in range(torch.len(p)):
      if self.frozen[i0] == "f":
        _3 = torch.append(out, torch.zeros_like(p[i0]))
      else:
        _4 = torch.append(out, unchecked_cast(Tensor, gradients[g]))
        g = g + 1
    return out
  def attention(self: __torch__.Kernels, idx: Tensor, lengths: Tensor, p: List[Tensor]) -> List[Tensor]:
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
  def accumulate(self: __torch__.Kernels, sums: List[Tensor], gradients: List[Tensor]) -> Tensor:
    torch._foreach_add_(sums, gradients)
    return sums[0]
  def host_memory(self: __torch__.Kernels, floats: int, pinned: bool) -> Tensor:
    return torch.empty([floats], dtype=6, layout=0, device=torch.device("cpu"), pin_memory=pinned)
  def copy(self: __torch__.Kernels, into: List[Tensor], source: List[Tensor]) -> Tensor:
    torch._foreach_copy_(into, source)
    return into[0]
  def mean_norm(self: __torch__.Kernels, gradients: List[Tensor], count: float) -> Tensor:
    # gradients are sums, of which the mean is count's part
    return torch.div(torch.linalg_vector_norm(torch.stack(torch._foreach_norm(gradients))), count)
  def divisor(self: __torch__.Kernels, norm: Tensor, count: float, max_norm: float) -> Tensor:
    # what the sums are divided by: the mean, clipped to max_norm
    scale = torch.full_like(norm, count)
    if max_norm > 0.:
      scale = torch.mul(scale, torch.clamp_min(torch.div(torch.add(norm, 1.0e-6), max_norm), 1.))
    else:
      pass
    return scale
  def repeated(self: __torch__.Kernels, t: Tensor, times: int) -> List[Tensor]:
    l = annotate(List[Tensor], [])
    for i in range(times):
      _0 = torch.append(l, t)
    return l
  def adamw(self: __torch__.Kernels,
    decayed: List[Tensor], decayed_gradients: List[Tensor], decayed_m: List[Tensor], decayed_v: List[Tensor],
    plain: List[Tensor], plain_gradients: List[Tensor], plain_m: List[Tensor], plain_v: List[Tensor],
    step: Tensor, count: float, lr: float, beta1: float, beta2: float, epsilon: float, weight_decay: float, max_norm: float) -> Tensor:
    norm = self.mean_norm(torch.add(decayed_gradients, plain_gradients), count)
    scale = self.divisor(norm, count, max_norm)
    _0 = torch.add_(step, 1.)
    if torch.len(decayed) > 0:
      torch._fused_adamw_(decayed, decayed_gradients, decayed_m, decayed_v, annotate(List[Tensor], []), self.repeated(step, torch.len(decayed)), lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay, eps=epsilon, amsgrad=False, maximize=False, grad_scale=scale)
    else:
      pass
    if torch.len(plain) > 0:
      torch._fused_adamw_(plain, plain_gradients, plain_m, plain_v, annotate(List[Tensor], []), self.repeated(step, torch.len(plain)), lr=lr, beta1=beta1, beta2=beta2, weight_decay=0., eps=epsilon, amsgrad=False, maximize=False, grad_scale=scale)
    else:
      pass
    return norm
  def adam(self: __torch__.Kernels,
    decayed: List[Tensor], decayed_gradients: List[Tensor], decayed_m: List[Tensor], decayed_v: List[Tensor],
    plain: List[Tensor], plain_gradients: List[Tensor], plain_m: List[Tensor], plain_v: List[Tensor],
    step: Tensor, count: float, lr: float, beta1: float, beta2: float, epsilon: float, weight_decay: float, max_norm: float) -> Tensor:
    norm = self.mean_norm(torch.add(decayed_gradients, plain_gradients), count)
    scale = self.divisor(norm, count, max_norm)
    _0 = torch.add_(step, 1.)
    if torch.len(decayed) > 0:
      torch._fused_adam_(decayed, decayed_gradients, decayed_m, decayed_v, annotate(List[Tensor], []), self.repeated(step, torch.len(decayed)), lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay, eps=epsilon, amsgrad=False, maximize=False, grad_scale=scale)
    else:
      pass
    if torch.len(plain) > 0:
      torch._fused_adam_(plain, plain_gradients, plain_m, plain_v, annotate(List[Tensor], []), self.repeated(step, torch.len(plain)), lr=lr, beta1=beta1, beta2=beta2, weight_decay=0., eps=epsilon, amsgrad=False, maximize=False, grad_scale=scale)
    else:
      pass
    return norm
  def sgd(self: __torch__.Kernels,
    decayed: List[Tensor], decayed_gradients: List[Tensor], decayed_m: List[Tensor], decayed_v: List[Tensor],
    plain: List[Tensor], plain_gradients: List[Tensor], plain_m: List[Tensor], plain_v: List[Tensor],
    step: Tensor, count: float, lr: float, momentum: float, beta2: float, epsilon: float, weight_decay: float, max_norm: float) -> Tensor:
    # momentum begins at zero, which makes the first update the plain gradient, as PyTorch's
    norm = self.mean_norm(torch.add(decayed_gradients, plain_gradients), count)
    scale = self.divisor(norm, count, max_norm)
    _0 = torch.add_(step, 1.)
    if momentum > 0.:
      dm = decayed_m
      pm = plain_m
    else:
      dm = annotate(List[Tensor], [])  # the engine refuses buffers that it has no use for
      pm = dm
    if torch.len(decayed) > 0:
      torch._fused_sgd_(decayed, decayed_gradients, dm, weight_decay=weight_decay, momentum=momentum, lr=lr, dampening=0., nesterov=False, maximize=False, is_first_step=False, grad_scale=scale)
    else:
      pass
    if torch.len(plain) > 0:
      torch._fused_sgd_(plain, plain_gradients, pm, weight_decay=0., momentum=momentum, lr=lr, dampening=0., nesterov=False, maximize=False, is_first_step=False, grad_scale=scale)
    else:
      pass
    return norm
  def decode(self: __torch__.Kernels, idx: Tensor, position: int, cache: Tensor, p: List[Tensor]) -> Tensor:
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
