module {
  tz.weight @table.shrunk : tensor<5x7xf32> {bytes = 140 : i64, file = "model.gguf", hash = 0 : i64, offset = 128 : i64, tensor = "table.shrunk"}
  tz.func @trunk(%arg0: tensor<?xi32> {tz.name = "tokens"}, %arg1: tensor<i32> {tz.name = "position"}) -> (tensor<?x7xf32> {tz.name = "hidden"}) attributes {tz.sizes = {T = [1, 8, 512]}} {
    %0 = tz.use_weight @table.shrunk : tensor<5x7xf32>
    %1 = tz.embedding %0, %arg0 : (tensor<5x7xf32>, tensor<?xi32>) -> tensor<?x7xf32>
    tz.return %1 : tensor<?x7xf32>
  }
  tz.func @head(%arg0: tensor<?x7xf32> {tz.name = "hidden"}) -> (tensor<?x7xf32> {tz.name = "logits"}) attributes {tz.sizes = {T = [1, 8, 32]}} {
    %0 = tz.reshape %arg0 : tensor<?x7xf32> -> tensor<?x7x1xf32>
    %1 = tz.contract "thd,shd->hts" %0, %0 : (tensor<?x7x1xf32>, tensor<?x7x1xf32>) -> tensor<7x?x?xf32>
    %2 = tz.contract "hts,shd->thd" %1, %0 : (tensor<7x?x?xf32>, tensor<?x7x1xf32>) -> tensor<?x7x1xf32>
    %3 = tz.reshape %2 : tensor<?x7x1xf32> -> tensor<?x7xf32>
    tz.return %3 : tensor<?x7xf32>
  }
}

