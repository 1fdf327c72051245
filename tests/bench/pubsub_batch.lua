-- wrk, one connection: publishes 100 messages of 200 bytes, pulls them, acknowledges them, again.
local message = '{"data":"' .. string.rep("QUJD", 66) .. 'QUI="}'
local publish = '{"messages":[' .. string.rep(message .. ",", 99) .. message .. "]}"
local pull = '{"maxMessages":100,"returnImmediately":true}'
local topic = "/v1/projects/demo/topics/bench"
local subscription = "/v1/projects/demo/subscriptions/bench"
local step, ids = 0, {}

wrk.headers["Content-Type"] = "application/json"

function request()
    step = step % 3 + 1
    if step == 1 then
        return wrk.format("POST", topic .. ":publish", nil, publish)
    elseif step == 2 then
        return wrk.format("POST", subscription .. ":pull", nil, pull)
    end
    return wrk.format("POST", subscription .. ":acknowledge", nil,
        '{"ackIds":["' .. table.concat(ids, '","') .. '"]}')
end

function response(status, headers, body)
    if step == 2 then
        ids = {}
        for id in body:gmatch('"ackId": *"([^"]*)"') do
            ids[#ids + 1] = id
        end
    end
end
