-- wrk: publishes one message of 200 bytes a request.
wrk.method = "POST"
wrk.path = "/v1/projects/demo/topics/bench:publish"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"messages":[{"data":"' .. string.rep("QUJD", 66) .. 'QUI="}]}'
